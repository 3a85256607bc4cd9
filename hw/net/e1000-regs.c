/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's registers: names, values after reset, and the bits that a write changes.
 * Document: Intel 317453, chapter 13.
 */
#include <string.h>

#include "e1000-internal.h"
#include "hw/core/log.h"

#define ANY 0xffffffff

/*
 * By offset: name, number of registers, bytes from one to the next, value after reset, bits that a
 * write changes. Those of no bits are for reading, or e1000.c knows what a write to them does.
 */
#define E1000_REGISTERS(REG)                                                                       \
    REG(CTRL, 1, 4,                                                                                \
        E1000_CTRL_FD | E1000_CTRL_SLU | E1000_CTRL_SPEED_1000 | E1000_CTRL_SWDPIN0 |              \
            E1000_CTRL_SWDPIN2,                                                                    \
        0x5bfc1be9) /* RST and PHY_RST clear themselves */                                         \
    REG(STATUS, 1, 4, 0, 0)                                                                        \
    REG(EECD, 1, 4, 0, 0)                                                                          \
    REG(EERD, 1, 4, 0, 0)                                                                          \
    REG(CTRL_EXT, 1, 4, 0, 0x00c0bfff)                                                             \
    REG(FLA, 1, 4, 0, 0x0000000f)                                                                  \
    REG(MDIC, 1, 4, 0x10000000, 0)                                                                 \
    REG(FCAL, 1, 4, 0x00c28001, ANY)                                                               \
    REG(FCAH, 1, 4, 0x00000100, 0x0000ffff)                                                        \
    REG(FCT, 1, 4, 0x00008808, 0x0000ffff)                                                         \
    REG(VET, 1, 4, 0x00008100, 0x0000ffff)                                                         \
    REG(ICR, 1, 4, 0, 0)                                                                           \
    REG(ITR, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(ICS, 1, 4, 0, 0)                                                                           \
    REG(IMS, 1, 4, 0, 0)                                                                           \
    REG(IMC, 1, 4, 0, 0)                                                                           \
    REG(RCTL, 1, 4, 0, 0x06dfb3fe)                                                                 \
    REG(FCTTV, 1, 4, 0, 0x0000ffff)                                                                \
    REG(TXCW, 1, 4, 0, 0xc000ffff)                                                                 \
    REG(RXCW, 1, 4, 0, 0)                                                                          \
    REG(TCTL, 1, 4, 0, 0x01fffffa)                                                                 \
    REG(TIPG, 1, 4, 0x00602008, 0x3fffffff)                                                        \
    REG(AIT, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(LEDCTL, 1, 4, 0x07068302, 0xcfcfcfcf)                                                      \
    REG(PBA, 1, 4, 0x00100030, 0x0000ffff)                                                         \
    REG(FCRTL, 1, 4, 0, 0x8000fff8)                                                                \
    REG(FCRTH, 1, 4, 0, 0x0000fff8)                                                                \
    REG(RDFH, 1, 4, 0, 0x00001fff)                                                                 \
    REG(RDFT, 1, 4, 0, 0x00001fff)                                                                 \
    REG(RDFHS, 1, 4, 0, 0x00001fff)                                                                \
    REG(RDFTS, 1, 4, 0, 0x00001fff)                                                                \
    REG(RDFPC, 1, 4, 0, 0x00001fff)                                                                \
    REG(RDBAL, 1, 4, 0, 0xfffffff0)                                                                \
    REG(RDBAH, 1, 4, 0, ANY)                                                                       \
    REG(RDLEN, 1, 4, 0, 0x000fff80)                                                                \
    REG(RDH, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(RDT, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(RDTR, 1, 4, 0, 0x0000ffff)                                                                 \
    REG(RXDCTL, 1, 4, 0x00010000, 0x013f3f3f)                                                      \
    REG(RADV, 1, 4, 0, 0x0000ffff)                                                                 \
    REG(RSRPD, 1, 4, 0, 0x00000fff)                                                                \
    REG(TXDMAC, 1, 4, 0, 0x00000001)                                                               \
    REG(TDFH, 1, 4, 0, 0x00001fff)                                                                 \
    REG(TDFT, 1, 4, 0, 0x00001fff)                                                                 \
    REG(TDFHS, 1, 4, 0, 0x00001fff)                                                                \
    REG(TDFTS, 1, 4, 0, 0x00001fff)                                                                \
    REG(TDFPC, 1, 4, 0, 0x00001fff)                                                                \
    REG(TDBAL, 1, 4, 0, 0xfffffff0)                                                                \
    REG(TDBAH, 1, 4, 0, ANY)                                                                       \
    REG(TDLEN, 1, 4, 0, 0x000fff80)                                                                \
    REG(TDH, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(TDT, 1, 4, 0, 0x0000ffff)                                                                  \
    REG(TIDV, 1, 4, 0, 0x0000ffff)                                                                 \
    REG(TXDCTL, 1, 4, 0, 0xff3f3f3f)                                                               \
    REG(TADV, 1, 4, 0, 0x0000ffff)                                                                 \
    REG(TSPMT, 1, 4, 0x01000400, ANY)                                                              \
    COUNTERS(REG)                                                                                  \
    REG(RXCSUM, 1, 4, 0, 0x000007ff)                                                               \
    REG(MTA, E1000_HASH_WORDS, 4, 0, ANY)                                                          \
    REG(RA, 2 * E1000_ADDRESSES, 4, 0, ANY) /* of each RAH E1000_RAH_BITS only */                  \
    REG(VFTA, E1000_HASH_WORDS, 4, 0, ANY)                                                         \
    REG(WUC, 1, 4, 0, 0x0000000f)                                                                  \
    REG(WUFC, 1, 4, 0, 0x000f80ff)                                                                 \
    REG(WUS, 1, 4, 0, 0)                                                                           \
    REG(MANC, 1, 4, 0, ANY)                                                                        \
    REG(IPAV, 1, 4, 0, 0x0001000f)                                                                 \
    REG(IP4AT, 4, 8, 0, ANY)                                                                       \
    REG(IP6AT, 4, 4, 0, ANY)                                                                       \
    REG(WUPL, 1, 4, 0, 0)                                                                          \
    REG(WUPM, 32, 4, 0, 0)                                                                         \
    REG(FFLT, 4, 8, 0, 0x000007ff)                                                                 \
    REG(FFMT, 128, 8, 0, 0x0000000f)                                                               \
    REG(FFVT, 128, 8, 0, ANY)

/* The statistics: reading one clears it. */
#define COUNTER(REG, name) REG(name, 1, 4, 0, 0)
#define COUNTERS(REG)                                                                              \
    COUNTER(REG, CRCERRS)                                                                          \
    COUNTER(REG, ALGNERRC)                                                                         \
    COUNTER(REG, SYMERRS)                                                                          \
    COUNTER(REG, RXERRC)                                                                           \
    COUNTER(REG, MPC)                                                                              \
    COUNTER(REG, SCC)                                                                              \
    COUNTER(REG, ECOL)                                                                             \
    COUNTER(REG, MCC)                                                                              \
    COUNTER(REG, LATECOL)                                                                          \
    COUNTER(REG, COLC)                                                                             \
    COUNTER(REG, DC)                                                                               \
    COUNTER(REG, TNCRS)                                                                            \
    COUNTER(REG, SEC)                                                                              \
    COUNTER(REG, CEXTERR)                                                                          \
    COUNTER(REG, RLEC)                                                                             \
    COUNTER(REG, XONRXC)                                                                           \
    COUNTER(REG, XONTXC)                                                                           \
    COUNTER(REG, XOFFRXC)                                                                          \
    COUNTER(REG, XOFFTXC)                                                                          \
    COUNTER(REG, FCRUC)                                                                            \
    COUNTER(REG, PRC64)                                                                            \
    COUNTER(REG, PRC127)                                                                           \
    COUNTER(REG, PRC255)                                                                           \
    COUNTER(REG, PRC511)                                                                           \
    COUNTER(REG, PRC1023)                                                                          \
    COUNTER(REG, PRC1522)                                                                          \
    COUNTER(REG, GPRC)                                                                             \
    COUNTER(REG, BPRC)                                                                             \
    COUNTER(REG, MPRC)                                                                             \
    COUNTER(REG, GPTC)                                                                             \
    COUNTER(REG, GORCL)                                                                            \
    COUNTER(REG, GORCH)                                                                            \
    COUNTER(REG, GOTCL)                                                                            \
    COUNTER(REG, GOTCH)                                                                            \
    COUNTER(REG, RNBC)                                                                             \
    COUNTER(REG, RUC)                                                                              \
    COUNTER(REG, RFC)                                                                              \
    COUNTER(REG, ROC)                                                                              \
    COUNTER(REG, RJC)                                                                              \
    COUNTER(REG, MGTPRC)                                                                           \
    COUNTER(REG, MGTPDC)                                                                           \
    COUNTER(REG, MGTPTC)                                                                           \
    COUNTER(REG, TORL)                                                                             \
    COUNTER(REG, TORH)                                                                             \
    COUNTER(REG, TOTL)                                                                             \
    COUNTER(REG, TOTH)                                                                             \
    COUNTER(REG, TPR)                                                                              \
    COUNTER(REG, TPT)                                                                              \
    COUNTER(REG, PTC64)                                                                            \
    COUNTER(REG, PTC127)                                                                           \
    COUNTER(REG, PTC255)                                                                           \
    COUNTER(REG, PTC511)                                                                           \
    COUNTER(REG, PTC1023)                                                                          \
    COUNTER(REG, PTC1522)                                                                          \
    COUNTER(REG, MPTC)                                                                             \
    COUNTER(REG, BPTC)                                                                             \
    COUNTER(REG, TSCTC)                                                                            \
    COUNTER(REG, TSCTFC)

#define AS_ROW(name, count, stride, reset, wmask)  {E1000_##name, count, stride, reset, wmask},
#define AS_NAME(name, count, stride, reset, wmask) {E1000_##name, (count) * (stride), #name},

static const E1000Register registers[] = {E1000_REGISTERS(AS_ROW)};

const RegisterName e1000_register_names[] = {E1000_REGISTERS(AS_NAME){}};

/* For each offset / 4 the number of its row, from 1; 0: no such register. */
static const uint8_t *row_numbers(void)
{
    static uint8_t numbers[E1000_REGS_SIZE / 4];
    static gsize made;

    G_STATIC_ASSERT(G_N_ELEMENTS(registers) <= UINT8_MAX);
    if (g_once_init_enter(&made)) {
        for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
            const E1000Register *row = &registers[i];

            for (unsigned n = 0; n < row->count; n++) {
                numbers[(row->offset + n * row->stride) / 4] = i + 1;
            }
        }
        g_once_init_leave(&made, 1);
    }
    return numbers;
}

const E1000Register *e1000_find_register(hwaddr offset)
{
    unsigned number = offset < E1000_REGS_SIZE ? row_numbers()[offset / 4] : 0;

    return number ? &registers[number - 1] : NULL;
}

void e1000_reset_registers(E1000 *s)
{
    memset(s->regs, 0, sizeof(s->regs));
    for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
        const E1000Register *row = &registers[i];

        for (unsigned n = 0; n < row->count; n++) {
            s->regs[(row->offset + n * row->stride) / 4] = row->reset;
        }
    }
}

bool e1000_get_ring(const E1000 *s, hwaddr base_reg, E1000Ring *ring)
{
    const uint32_t *regs = &s->regs[base_reg / 4];

    *ring = (E1000Ring){
        .base = regs[0] | (hwaddr)regs[(E1000_RDBAH - E1000_RDBAL) / 4] << 32,
        .count = regs[(E1000_RDLEN - E1000_RDBAL) / 4] / E1000_DESC_SIZE,
        .head = regs[(E1000_RDH - E1000_RDBAL) / 4],
        .tail = regs[(E1000_RDT - E1000_RDBAL) / 4],
    };
    if (ring->head >= ring->count || ring->tail >= ring->count) {
        if (ring->head != ring->tail) {
            log_guest_error("e1000: head %u and tail %u in a ring of %u descriptors", ring->head,
                            ring->tail, ring->count);
        }
        return false;
    }
    return ring->head != ring->tail;
}
