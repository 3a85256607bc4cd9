/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space as memory, read by a vCPU while others change it: no exit, and never a double
 * word that is neither the old nor the new one. Needs /dev/kvm.
 */
#include "../accel/guest.h"
#include "hw/core/device.h"
#include "hw/pci/pci-ecam.h"

/* The first functions' pages, where real mode reaches. */
#define WINDOW 0xc0000
#define SHOWN  0x10000
#define DEVFN  PCI_DEVFN(1, 0)
#define FIRST  0x55555554u /* what the register alternates between */
#define SECOND 0xaaaaaaa8u
#define STORES 20000

#define STOP_FLAG 0x600 /* in RAM */
#define PASSES    0x604

typedef struct Fixture {
    MemoryRegion bus_mem, bus_io, alias;
    PCIBus bus;
    PciEcam *ecam;
    PCIDevice *dev;
} Fixture;

static const PCIDeviceClass plain_class = {
    .device = {.name = "plain", .parent = &pci_device_class, .size = sizeof(PCIDevice)},
    .vendor_id = 0x1234,
    .device_id = 0x5678,
};

static bool begin(Fixture *f)
{
    g_autoptr(GError) err = NULL;
    MemoryOwner *owner = NULL;

    memset(f, 0, sizeof(*f));
    if (!guest_start("kvm", 1)) {
        return false;
    }
    memory_region_init(&f->bus_mem, owner, "pci", MEMORY_SIZE_ALL);
    memory_region_init(&f->bus_io, owner, "pci-io", 0x10000);
    pci_bus_init(&f->bus, NULL, "pci.0", &f->bus_mem, &f->bus_io, get_system_memory());
    f->ecam = pci_ecam_new(&f->bus, owner, PCI_ECAM_SHADOW, &err);
    g_assert_no_error(err);
    memory_region_init_alias(&f->alias, owner, "window", pci_ecam_region(f->ecam), 0, SHOWN);
    memory_region_add_subregion_overlap(get_system_memory(), WINDOW, &f->alias, 1);
    f->dev = (PCIDevice *)device_new(&plain_class.device);
    device_set_str(&f->dev->dev, "addr", "1.0");
    device_realize_or_die(&f->dev->dev, &f->bus.bus);
    memset(f->dev->wmask + 0x40, 0xff, 4);
    pci_config_store(f->dev, 0x40, FIRST, 4);
    return true;
}

static void end(Fixture *f)
{
    memory_region_del_subregion(get_system_memory(), &f->alias);
    memory_region_destroy(&f->alias);
    bus_destroy(&f->bus.bus);
    pci_ecam_free(f->ecam);
    memory_region_destroy(&f->bus_mem);
    memory_region_destroy(&f->bus_io);
    guest_stop();
}

#define LE16(x) (x) & 0xff, (x) >> 8 & 0xff
#define LE32(x) LE16(x), LE16((x) >> 16)

static void test_concurrent(void)
{
    Fixture f;
    uint64_t exits;
    unsigned passes;

    if (!begin(&f)) {
        return;
    }
    /*
     * xor dx, dx; mov ds, dx; mov ax, c800; mov es, ax
     * 1: mov eax, es:[40]; cmp eax, FIRST; je 2f; cmp eax, SECOND; jne 3f
     * 2: inc dword [PASSES]; cmp byte [STOP_FLAG], 0; je 1b; mov al, 0; jmp 4f
     * 3: mov al, 1
     * 4: out f4, al
     */
    GUEST_CODE(0x31, 0xd2, 0x8e, 0xda, 0xb8, LE16((WINDOW >> 4) + DEVFN * 0x100), 0x8e, 0xc0, 0x66,
               0x26, 0xa1, 0x40, 0x00, 0x66, 0x3d, LE32(FIRST), 0x74, 0x08, 0x66, 0x3d,
               LE32(SECOND), 0x75, 0x10, 0x66, 0xff, 0x06, LE16(PASSES), 0x80, 0x3e,
               LE16(STOP_FLAG), 0x00, 0x74, 0xdf, 0xb0, 0x00, 0xeb, 0x02, 0xb0, 0x01, GUEST_END);
    exits = vcpus_exits();
    vcpus_resume();
    for (unsigned i = 0; i < STORES && !guest.done; i++) {
        uint32_t val = i & 1 ? FIRST : SECOND;

        if (i % 3) {
            pci_config_write(&f.bus, DEVFN, 0x40, val, 4);
        } else {
            pci_config_store(f.dev, 0x40, val, 4);
        }
        if (i % 100 == 0) {
            machine_lock_yield();
            g_usleep(100);
        }
    }
    g_assert_false(guest.done);
    guest.mem[STOP_FLAG] = 1;
    guest_wait();
    vcpus_pause();
    memcpy(&passes, guest.mem + PASSES, 4);
    g_test_message("%u reads, %u exits", passes, (unsigned)(vcpus_exits() - exits));
    g_assert_cmpuint(guest.code, ==, 0);
    g_assert_cmpuint(passes, >, 100);
    /* The end's, and those for a stop. */
    g_assert_cmpuint(vcpus_exits() - exits, <, 10);
    end(&f);
}

/* A write through the window exits, and the next read finds what it did. */
static void test_write(void)
{
    Fixture f;

    if (!begin(&f)) {
        return;
    }
    /* mov ax, c800; mov es, ax; mov eax, val; mov es:[40], eax; mov ebx, es:[40]; mov ecx, es:[0]
     */
    GUEST_CODE(0xb8, LE16((WINDOW >> 4) + DEVFN * 0x100), 0x8e, 0xc0, 0x66, 0xb8, LE32(0x12345678),
               0x66, 0x26, 0xa3, 0x40, 0x00, 0x66, 0x26, 0x8b, 0x1e, 0x40, 0x00, 0x66, 0x26, 0x8b,
               0x0e, 0x00, 0x00, GUEST_END);
    guest_run();
    g_assert_cmphex(pci_get_long(f.dev->config + 0x40), ==, 0x12345678);
    g_assert_cmphex(guest_state(0).gpr[X86_RBX], ==, 0x12345678);
    g_assert_cmphex(guest_state(0).gpr[X86_RCX], ==, 0x56781234);
    end(&f);
}

/* A function that comes while a vCPU reads: all ones, then its identity, and nothing between. */
static void test_comes(void)
{
    Fixture f;

    if (!begin(&f)) {
        return;
    }
    /*
     * mov ax, ...; mov es, ax; 1: mov eax, es:[0]; cmp eax, -1; je 1b
     * cmp eax, 56781234; jne 3f; mov al, 0; jmp 4f; 3: mov al, 1; 4: out f4, al
     */
    GUEST_CODE(0xb8, LE16((WINDOW >> 4) + PCI_DEVFN(0, 5) * 0x100), 0x8e, 0xc0, 0x66, 0x26, 0xa1,
               0x00, 0x00, 0x66, 0x83, 0xf8, 0xff, 0x74, 0xf5, 0x66, 0x3d, LE32(0x56781234), 0x75,
               0x04, 0xb0, 0x00, 0xeb, 0x02, 0xb0, 0x01, GUEST_END);
    vcpus_resume();
    machine_unlock();
    g_usleep(10000);
    machine_lock();
    {
        Device *dev = device_new(&plain_class.device);

        device_set_str(dev, "addr", "0.5");
        device_realize_or_die(dev, &f.bus.bus);
    }
    guest_wait();
    vcpus_pause();
    g_assert_cmpuint(guest.code, ==, 0);
    end(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ecam-kvm/concurrent", test_concurrent);
    g_test_add_func("/ecam-kvm/write", test_write);
    g_test_add_func("/ecam-kvm/comes", test_comes);
    return g_test_run();
}
