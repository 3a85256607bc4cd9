/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O of the guest's: port and memory accesses that exit, zones whose writes are queued, and
 * doorbells (ioeventfds).
 * Document: Documentation/virt/kvm/api.rst of Linux: KVM_EXIT_IO, KVM_EXIT_MMIO,
 * KVM_(UN)REGISTER_COALESCED_MMIO, KVM_IOEVENTFD.
 *
 * An MMIO exit may find RAM at its address: a slot was out of its place for the moment of a change
 * (see memory.c), or the page is not wholly RAM. The dispatcher treats it as the RAM it is.
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "accel/coalesce.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "accel/zones.h"
#include "memory/system.h"

static ZoneLedger ledger;

/* ------------------------------------------------------------------------------------- exits -- */

/* One exit is one element, or for `rep ins` and `rep outs` up to a page of them at one port. */
void kvm_handle_pio(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    bool is_write = run->io.direction == KVM_EXIT_IO_OUT;

    machine_lock();
    io_profile_access(kv->vcpu->index, &address_space_io, run->io.port, is_write, run->io.count);
    for (uint32_t i = 0; i < run->io.count; i++) {
        address_space_rw(&address_space_io, run->io.port, data, run->io.size, is_write);
        data += run->io.size;
    }
    io_profile_accessed(kv->vcpu->index);
    machine_unlock();
    kv->io_pending = true;
}

void kvm_handle_mmio(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;

    machine_lock();
    io_profile_access(kv->vcpu->index, &address_space_memory, run->mmio.phys_addr,
                      run->mmio.is_write, 1);
    address_space_rw(&address_space_memory, run->mmio.phys_addr, run->mmio.data,
                     MIN(run->mmio.len, sizeof(run->mmio.data)), run->mmio.is_write);
    io_profile_accessed(kv->vcpu->index);
    machine_unlock();
    kv->io_pending = true;
}

/* ----------------------------------------------------------------------- zones and doorbells -- */

static int set_zone(const HostZone *zone, bool add)
{
    struct kvm_coalesced_mmio_zone z = {.addr = zone->addr, .size = zone->size, .pio = zone->pio};

    if (!kvm.ring_page || (zone->pio && !kvm.coalesced_pio)) {
        return -EOPNOTSUPP;
    }
    if (kvm_ioctl(kvm.vm, add ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &z) <
        0) {
        return -errno;
    }
    return 0;
}

static int set_doorbell(const Doorbell *doorbell, bool add)
{
    struct kvm_ioeventfd e = {
        .addr = doorbell->addr,
        .len = doorbell->size,
        .datamatch = doorbell->data,
        .fd = doorbell->fd,
        .flags = (doorbell->match_data ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) |
                 (doorbell->pio ? KVM_IOEVENTFD_FLAG_PIO : 0) |
                 (add ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
    };

    if (!kvm_check(KVM_CAP_IOEVENTFD) ||
        (doorbell->size == 0 &&
         (doorbell->match_data || !kvm_check(KVM_CAP_IOEVENTFD_ANY_LENGTH)))) {
        return -EOPNOTSUPP;
    }
    return kvm_ioctl(kvm.vm, KVM_IOEVENTFD, &e) < 0 ? -errno : 0;
}

static const ZoneOps zone_ops = {.set_zone = set_zone, .set_doorbell = set_doorbell};

const ZoneLedger *kvm_io_zones(void)
{
    return &ledger;
}

/* --------------------------------------------------------------------------------- listeners -- */

static MemoryListener memory_listener, port_listener;

static bool is_port(const MemoryListener *listener)
{
    return listener == &port_listener;
}

static void coalesced_io_add(MemoryListener *listener, const MemoryRegionSection *section,
                             hwaddr addr, hwaddr size)
{
    zones_add(&ledger, is_port(listener), addr, size, section->mr);
}

static void coalesced_io_del(MemoryListener *listener, const MemoryRegionSection *section,
                             hwaddr addr, hwaddr size)
{
    zones_del(&ledger, is_port(listener), addr, size);
}

/* The section of a doorbell begins at it; its size is the doorbell's. */
static Doorbell doorbell_of(MemoryListener *listener, const MemoryRegionSection *section,
                            bool match_data, uint64_t data, int fd)
{
    return (Doorbell){
        .addr = section->offset_within_address_space,
        .size = section->size <= 8 ? section->size : 0,
        .pio = is_port(listener),
        .match_data = match_data,
        .data = data,
        .fd = fd,
    };
}

static void eventfd_add(MemoryListener *listener, const MemoryRegionSection *section,
                        bool match_data, uint64_t data, int fd)
{
    Doorbell doorbell = doorbell_of(listener, section, match_data, data, fd);

    zones_add_doorbell(&ledger, &doorbell);
}

static void eventfd_del(MemoryListener *listener, const MemoryRegionSection *section,
                        bool match_data, uint64_t data, int fd)
{
    Doorbell doorbell = doorbell_of(listener, section, match_data, data, fd);

    zones_del_doorbell(&ledger, &doorbell);
}

static MemoryListener memory_listener = {
    .name = "kvm-io-memory",
    .priority = 20,
    .eventfd_add = eventfd_add,
    .eventfd_del = eventfd_del,
    .coalesced_io_add = coalesced_io_add,
    .coalesced_io_del = coalesced_io_del,
};

static MemoryListener port_listener = {
    .name = "kvm-io-ports",
    .priority = 20,
    .eventfd_add = eventfd_add,
    .eventfd_del = eventfd_del,
    .coalesced_io_add = coalesced_io_add,
    .coalesced_io_del = coalesced_io_del,
};

static bool listening;

void kvm_io_start(void)
{
    zones_init(&ledger, &zone_ops);
}

void kvm_io_listen(void)
{
    if (!listening) {
        memory_listener_register(&memory_listener, &address_space_memory);
        memory_listener_register(&port_listener, &address_space_io);
        listening = true;
    }
}

void kvm_io_stop(void)
{
    if (listening) {
        memory_listener_unregister(&port_listener);
        memory_listener_unregister(&memory_listener);
        listening = false;
    }
    zones_destroy(&ledger);
}
