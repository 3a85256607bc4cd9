/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching a device's interrupt lines. Lines work on as before: an input gets an observer; an
 * output gets a wire of ours between its pin and the line it drives, because several pins may
 * share that line.
 */
#include "internal.h"

struct Intercept {
    Device *dev; /* may be gone: looked into only after a search for it */
    bool out;
    char *name;
    IrqHandler report;
    void *opaque;
    int n;
    Irq *wires; /* of outputs, in front of `lines` */
    Irq **lines;
};

static void on_wire(void *opaque, int n, int level)
{
    Intercept *intercept = opaque;

    irq_set(intercept->lines[n], level);
}

static void observe_inputs(Intercept *intercept, IrqHandler observer)
{
    for (int i = 0; i < intercept->n; i++) {
        Irq *irq = device_get_gpio_in(intercept->dev, NULL, i);

        irq->observer = observer;
        irq->observer_opaque = intercept->opaque;
    }
}

static void tap_outputs(Intercept *intercept)
{
    intercept->wires = irq_new_array(on_wire, intercept, intercept->n);
    intercept->lines = g_new(Irq *, intercept->n);
    for (int i = 0; i < intercept->n; i++) {
        Irq *wire = &intercept->wires[i];

        intercept->lines[i] = device_get_gpio_out(intercept->dev, intercept->name, i);
        wire->level = intercept->lines[i] ? intercept->lines[i]->level : 0;
        wire->observer = intercept->report;
        wire->observer_opaque = intercept->opaque;
        device_connect_gpio_out(intercept->dev, intercept->name, i, wire);
    }
}

static void untap_outputs(Intercept *intercept)
{
    for (int i = 0; i < intercept->n; i++) {
        device_connect_gpio_out(intercept->dev, intercept->name, i, intercept->lines[i]);
    }
}

Intercept *intercept_new(Device *dev, bool out, const char *name, IrqHandler report,
                         void *opaque)
{
    Intercept *intercept;
    int n = device_gpio_count(dev, name, !out);

    if (n == 0) {
        return NULL;
    }
    intercept = g_new0(Intercept, 1);
    intercept->dev = dev;
    intercept->out = out;
    intercept->name = g_strdup(name);
    intercept->report = report;
    intercept->opaque = opaque;
    intercept->n = n;
    if (out) {
        tap_outputs(intercept);
    } else {
        observe_inputs(intercept, report);
    }
    return intercept;
}

bool intercept_is_of(const Intercept *intercept, const Device *dev)
{
    return intercept->dev == dev;
}

typedef struct Search {
    const Device *dev;
    bool found;
} Search;

static void match(Device *dev, void *opaque)
{
    Search *search = opaque;

    search->found |= dev == search->dev;
}

/* Whether the device is still there, with these lines. */
static bool still_there(const Intercept *intercept)
{
    Search search = {.dev = intercept->dev};

    device_foreach(match, &search);
    return search.found &&
           device_gpio_count(intercept->dev, intercept->name, !intercept->out) == intercept->n;
}

void intercept_free(Intercept *intercept)
{
    if (!intercept) {
        return;
    }
    if (still_there(intercept)) {
        if (intercept->out) {
            untap_outputs(intercept);
        } else {
            observe_inputs(intercept, NULL);
        }
    }
    g_free(intercept->wires);
    g_free(intercept->lines);
    g_free(intercept->name);
    g_free(intercept);
}
