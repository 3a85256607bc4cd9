/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA channels of the ISA bus, as the devices that use them see them.
 *
 * A device registers a handler for its channel and asserts DREQ while it has data to move. The
 * handler is called when the guest has made the channel ready; it moves what it can with
 * isa_dma_transfer(), and releases DREQ when it has no more. All functions are called with the
 * machine lock held; `channel` is 0..3 or 5..7 (asserted).
 */
#ifndef LIGNITE_HW_DMA_I8257_H
#define LIGNITE_HW_DMA_I8257_H

#include "hw/core/device.h"
#include "hw/isa/isa.h"

/* Sits on an ISA bus, whose channels it becomes. */
extern const DeviceClass i8257_class;

/*
 * Called when DREQ is asserted and the channel is ready, once each time that comes true; from
 * within isa_dma_hold_dreq(), or from a guest's write to the controller.
 */
typedef void (*IsaDmaHandler)(void *opaque, unsigned channel);

/* Take a channel; NULL gives it back. The bus must have a controller (asserted). */
void isa_dma_register(ISABus *bus, unsigned channel, IsaDmaHandler handler, void *opaque);

void isa_dma_hold_dreq(ISABus *bus, unsigned channel);
void isa_dma_release_dreq(ISABus *bus, unsigned channel);

/*
 * Move up to `len` bytes between `buf` and the guest's memory, where the channel points:
 * `to_memory` is the device's direction, that of a read of a disk. Returns how many bytes were
 * moved: 0 when the channel is not ready or programmed for the other direction; channels 5..7 move
 * whole words. A channel in verify mode counts without touching memory. With the last byte of its
 * count the channel reports terminal count: `*tc` (may be NULL) is set to whether that happened.
 */
size_t isa_dma_transfer(ISABus *bus, unsigned channel, void *buf, size_t len, bool to_memory,
                        bool *tc);

#endif
