/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operating system is told of the board: the PCI root, how its interrupts are routed, and
 * the devices of the ISA bridge that cannot be found otherwise.
 *
 * Document: ACPI 1.0b; 82371SB (PIIX3) and 82371AB (PIIX4) data sheets for the registers.
 *
 * The host changes the values of the names that come first before it hands the table out (acpi.c):
 * each keeps the width that it is given here. Processors are in an SSDT that the host makes. The
 * C preprocessor runs over this file, as iasl's own has no macros with arguments.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 1, "LIGNIT", "LGNTDSDT", 0x00000001)
{
    Scope (\_SB)
    {
        Name (HOLE, 0xE0000000)     // where PCI memory below 4 GiB starts
        Name (ECAM, 0x80000000)     // PCI configuration space as memory, and its _STA
        Name (ECAP, 0x0F)
        Name (FDCP, 0x0F)           // _STA of the floppy controller, and so on
        Name (COMA, 0x0F)
        Name (COMB, 0x0F)
        Name (LPTP, 0x0F)
        Name (PVPP, 0x0F)
        Name (PVPO, 0x0505)         // the port of pvpanic

        Device (PCI0)
        {
            Name (_HID, EISAID ("PNP0A03"))
            Name (_UID, Zero)

            Name (WIND, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0x0000, 0x0000, 0x00FF, 0x0000, 0x0100)
                IO (Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0000, 0x0CF7, 0x0000, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0D00, 0xFFFF, 0x0000, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                    0x00000000, 0x000A0000, 0x000BFFFF, 0x00000000, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0x00000000, 0xE0000000, 0xFEBFFFFF, 0x00000000, 0x1EC00000,
                    , , PMEM)
            })

            Method (_CRS, 0, NotSerialized)
            {
                CreateDWordField (WIND, \_SB.PCI0.PMEM._MIN, LOWA)
                CreateDWordField (WIND, \_SB.PCI0.PMEM._MAX, TOPA)
                CreateDWordField (WIND, \_SB.PCI0.PMEM._LEN, SPAN)
                Store (\_SB.HOLE, LOWA)
                Add (Subtract (TOPA, LOWA), One, SPAN)
                Return (WIND)
            }

            /*
             * A slot's pins go to the four links in turn, starting one further for each slot: pin
             * A of slot 1 is link A. The same holds with the PIC and with the I/O APIC, whose pins
             * the links drive through the ISA interrupt they are set to.
             */
#define PINS(adr, a, b, c, d) \
            Package () { adr, 0, a, 0 }, Package () { adr, 1, b, 0 }, \
            Package () { adr, 2, c, 0 }, Package () { adr, 3, d, 0 }
#define SLOT0(adr) PINS (adr, LNKD, LNKA, LNKB, LNKC)
#define SLOT1(adr) PINS (adr, LNKA, LNKB, LNKC, LNKD)
#define SLOT2(adr) PINS (adr, LNKB, LNKC, LNKD, LNKA)
#define SLOT3(adr) PINS (adr, LNKC, LNKD, LNKA, LNKB)

            Name (_PRT, Package ()
            {
                SLOT0 (0x0000FFFF),
                /* The power management function's pin A is the SCI, hard-wired to interrupt 9. */
                Package () { 0x0001FFFF, 0, 0, 9 },
                Package () { 0x0001FFFF, 1, LNKB, 0 },
                Package () { 0x0001FFFF, 2, LNKC, 0 },
                Package () { 0x0001FFFF, 3, LNKD, 0 },
                SLOT2 (0x0002FFFF), SLOT3 (0x0003FFFF),
                SLOT0 (0x0004FFFF), SLOT1 (0x0005FFFF), SLOT2 (0x0006FFFF), SLOT3 (0x0007FFFF),
                SLOT0 (0x0008FFFF), SLOT1 (0x0009FFFF), SLOT2 (0x000AFFFF), SLOT3 (0x000BFFFF),
                SLOT0 (0x000CFFFF), SLOT1 (0x000DFFFF), SLOT2 (0x000EFFFF), SLOT3 (0x000FFFFF),
                SLOT0 (0x0010FFFF), SLOT1 (0x0011FFFF), SLOT2 (0x0012FFFF), SLOT3 (0x0013FFFF),
                SLOT0 (0x0014FFFF), SLOT1 (0x0015FFFF), SLOT2 (0x0016FFFF), SLOT3 (0x0017FFFF),
                SLOT0 (0x0018FFFF), SLOT1 (0x0019FFFF), SLOT2 (0x001AFFFF), SLOT3 (0x001BFFFF),
                SLOT0 (0x001CFFFF), SLOT1 (0x001DFFFF), SLOT2 (0x001EFFFF), SLOT3 (0x001FFFFF)
            })

            Device (ISA)
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 0x04)
                Field (PIRQ, ByteAcc, NoLock, Preserve)
                {
                    PIRA, 8,
                    PIRB, 8,
                    PIRC, 8,
                    PIRD, 8
                }
            }
        }

        /* PIRQRC[A:D]: bit 7 set is not routed, bits 0..3 are the interrupt. */
        Method (LSTA, 1, NotSerialized)
        {
            If (And (Arg0, 0x80))
            {
                Return (0x09)
            }
            Return (0x0B)
        }

        Name (CURR, ResourceTemplate ()
        {
            Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, , , NUMB) { 0 }
        })

        Method (LCRS, 1, Serialized)
        {
            CreateDWordField (CURR, \_SB.NUMB._INT, LINE)
            Store (Zero, LINE)
            If (LNot (And (Arg0, 0x80)))
            {
                Store (And (Arg0, 0x0F), LINE)
            }
            Return (CURR)
        }

        Name (LPRS, ResourceTemplate ()
        {
            Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 5, 10, 11 }
        })

#define LINK(name, uid, reg) \
        Device (name) \
        { \
            Name (_HID, EISAID ("PNP0C0F")) \
            Name (_UID, uid) \
            Method (_PRS, 0, NotSerialized) { Return (LPRS) } \
            Method (_STA, 0, NotSerialized) { Return (LSTA (\_SB.PCI0.ISA.reg)) } \
            Method (_DIS, 0, NotSerialized) { Or (\_SB.PCI0.ISA.reg, 0x80, \_SB.PCI0.ISA.reg) } \
            Method (_CRS, 0, NotSerialized) { Return (LCRS (\_SB.PCI0.ISA.reg)) } \
            Method (_SRS, 1, NotSerialized) \
            { \
                CreateDWordField (Arg0, 0x05, LINE) \
                Store (LINE, \_SB.PCI0.ISA.reg) \
            } \
        }

        LINK (LNKA, 1, PIRA)
        LINK (LNKB, 2, PIRB)
        LINK (LNKC, 3, PIRC)
        LINK (LNKD, 4, PIRD)
    }

    /* Memory that PCI0 does not hand out, though it decodes it: for PCI configuration. */
    Scope (\_SB)
    {
        Device (MCFG)
        {
            Name (_HID, EISAID ("PNP0C02"))
            Name (_UID, 2)
            Method (_STA, 0, NotSerialized) { Return (\_SB.ECAP) }
            Name (RSRC, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0x80000000, 0x00100000, ECMR)
            })
            Method (_CRS, 0, NotSerialized)
            {
                CreateDWordField (RSRC, ^ECMR._BAS, BASE)
                Store (\_SB.ECAM, BASE)
                Return (RSRC)
            }
        }
    }

    Scope (\_SB.PCI0.ISA)
    {
        Device (PIC)
        {
            Name (_HID, EISAID ("PNP0000"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0020, 0x0020, 0x01, 0x02)
                IO (Decode16, 0x00A0, 0x00A0, 0x01, 0x02)
                IO (Decode16, 0x04D0, 0x04D0, 0x01, 0x02)
                IRQNoFlags () { 2 }
            })
        }

        Device (DMAC)
        {
            Name (_HID, EISAID ("PNP0200"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0000, 0x0000, 0x01, 0x10)
                IO (Decode16, 0x0081, 0x0081, 0x01, 0x0F)
                IO (Decode16, 0x00C0, 0x00C0, 0x01, 0x20)
                DMA (Compatibility, NotBusMaster, Transfer8) { 4 }
            })
        }

        Device (TMR)
        {
            Name (_HID, EISAID ("PNP0100"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0040, 0x0040, 0x01, 0x04)
                IRQNoFlags () { 0 }
            })
        }

        Device (SPKR)
        {
            Name (_HID, EISAID ("PNP0800"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0061, 0x0061, 0x01, 0x01)
            })
        }

        Device (RTC)
        {
            Name (_HID, EISAID ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0070, 0x0070, 0x01, 0x08)
                IRQNoFlags () { 8 }
            })
        }

        Device (FPU)
        {
            Name (_HID, EISAID ("PNP0C04"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x00F0, 0x00F0, 0x01, 0x10)
                IRQNoFlags () { 13 }
            })
        }

        Device (PS2K)
        {
            Name (_HID, EISAID ("PNP0303"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0060, 0x0060, 0x01, 0x01)
                IO (Decode16, 0x0064, 0x0064, 0x01, 0x01)
                IRQNoFlags () { 1 }
            })
        }

        Device (PS2M)
        {
            Name (_HID, EISAID ("PNP0F13"))
            Name (_CRS, ResourceTemplate ()
            {
                IRQNoFlags () { 12 }
            })
        }

        Device (FDC0)
        {
            Name (_HID, EISAID ("PNP0700"))
            Method (_STA, 0, NotSerialized) { Return (\_SB.FDCP) }
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F2, 0x03F2, 0x00, 0x04)
                IO (Decode16, 0x03F7, 0x03F7, 0x00, 0x01)
                IRQNoFlags () { 6 }
                DMA (Compatibility, NotBusMaster, Transfer8) { 2 }
            })
        }

        Device (LPT1)
        {
            Name (_HID, EISAID ("PNP0400"))
            Name (_UID, 1)
            Method (_STA, 0, NotSerialized) { Return (\_SB.LPTP) }
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0378, 0x0378, 0x08, 0x08)
                IRQNoFlags () { 7 }
            })
        }

        Device (COM1)
        {
            Name (_HID, EISAID ("PNP0501"))
            Name (_UID, 1)
            Method (_STA, 0, NotSerialized) { Return (\_SB.COMA) }
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F8, 0x03F8, 0x00, 0x08)
                IRQNoFlags () { 4 }
            })
        }

        Device (COM2)
        {
            Name (_HID, EISAID ("PNP0501"))
            Name (_UID, 2)
            Method (_STA, 0, NotSerialized) { Return (\_SB.COMB) }
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x02F8, 0x02F8, 0x00, 0x08)
                IRQNoFlags () { 3 }
            })
        }

        Device (PVPN)
        {
            Name (_HID, "QEMU0001")
            Method (_STA, 0, NotSerialized) { Return (\_SB.PVPP) }
            Name (RSRC, ResourceTemplate ()
            {
                IO (Decode16, 0x0505, 0x0505, 0x01, 0x01, PORT)
            })
            Method (_CRS, 0, NotSerialized)
            {
                CreateWordField (RSRC, ^PORT._MIN, LOWP)
                CreateWordField (RSRC, ^PORT._MAX, TOPP)
                Store (\_SB.PVPO, LOWP)
                Store (\_SB.PVPO, TOPP)
                Return (RSRC)
            }
        }

        Device (FWCF)
        {
            Name (_HID, "QEMU0002")
            Name (_STA, 0x0B)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0510, 0x0510, 0x01, 0x0C)
            })
        }

        /* Ports of the bridge that belong to no device above: power management, SMBus, resets. */
        Device (SYSR)
        {
            Name (_HID, EISAID ("PNP0C02"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0092, 0x0092, 0x01, 0x01)
                IO (Decode16, 0x00B2, 0x00B2, 0x01, 0x02)
                IO (Decode16, 0x0600, 0x0600, 0x01, 0x40)
                IO (Decode16, 0x0700, 0x0700, 0x01, 0x40)
            })
        }
    }

    /* SLP_TYP of soft off; the machine has no other sleeping state. */
    Name (\_S5, Package () { 0, 0, 0, 0 })
}
