/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named inputs and outputs of a device.
 */
#include <string.h>

#include "internal.h"

typedef struct GpioList {
    char *name; /* NULL: the unnamed list */
    int n;
    Irq *in;   /* inputs: an array of n */
    Irq **out; /* outputs: the pins in the device's state */
} GpioList;

static void gpio_list_free(void *data)
{
    GpioList *list = data;

    g_free(list->name);
    g_free(list->in);
    g_free(list);
}

static GpioList *gpio_find(GPtrArray *lists, const char *name)
{
    for (unsigned i = 0; lists && i < lists->len; i++) {
        GpioList *list = lists->pdata[i];

        if (g_strcmp0(list->name, name) == 0) {
            return list;
        }
    }
    return NULL;
}

static GpioList *gpio_add(GPtrArray **lists, const char *name, int n)
{
    GpioList *list = g_new0(GpioList, 1);

    g_assert(!gpio_find(*lists, name));
    if (!*lists) {
        *lists = g_ptr_array_new_with_free_func(gpio_list_free);
    }
    list->name = g_strdup(name);
    list->n = n;
    g_ptr_array_add(*lists, list);
    return list;
}

void device_init_gpio_in(Device *dev, const char *name, IrqHandler handler, void *opaque, int n)
{
    GpioList *list = gpio_add(&dev->gpio_in, name, n);

    list->in = irq_new_array(handler, opaque, n);
}

Irq *device_get_gpio_in(Device *dev, const char *name, int n)
{
    GpioList *list = gpio_find(dev->gpio_in, name);

    g_assert(list && n >= 0 && n < list->n);
    return &list->in[n];
}

void device_init_gpio_out(Device *dev, const char *name, Irq **pins, int n)
{
    GpioList *list = gpio_add(&dev->gpio_out, name, n);

    list->out = pins;
}

void device_connect_gpio_out(Device *dev, const char *name, int n, Irq *line)
{
    GpioList *list = gpio_find(dev->gpio_out, name);

    g_assert(list && n >= 0 && n < list->n);
    list->out[n] = line;
}

Irq *device_get_gpio_out(Device *dev, const char *name, int n)
{
    GpioList *list = gpio_find(dev->gpio_out, name);

    g_assert(list && n >= 0 && n < list->n);
    return list->out[n];
}

int device_gpio_count(Device *dev, const char *name, bool in)
{
    GpioList *list = gpio_find(in ? dev->gpio_in : dev->gpio_out, name);

    return list ? list->n : 0;
}

void device_free_gpio(Device *dev)
{
    g_clear_pointer(&dev->gpio_in, g_ptr_array_unref);
    g_clear_pointer(&dev->gpio_out, g_ptr_array_unref);
}
