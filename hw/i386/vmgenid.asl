/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine generation ID, for the operating system.
 *
 * Document: Microsoft's "Virtual Machine Generation ID". VGIA comes first, and keeps its width: clients
 * look for it there, and firmware puts the address of the page in it.
 */
DefinitionBlock ("vmgenid.aml", "SSDT", 1, "LIGNIT", "VMGENID", 0x00000001)
{
    Name (VGIA, 0x12345678)

    Scope (\_SB)
    {
        Device (VGEN)
        {
            Name (_HID, "LGNT0002")
            Name (_CID, "VM_Gen_Counter")
            Name (_DDN, "VM_Gen_Counter")
            Method (_STA, 0, NotSerialized)
            {
                If (LEqual (VGIA, Zero)) { Return (Zero) }
                Return (0x0F)
            }
            Method (ADDR, 0, NotSerialized)
            {
                Store (Package (0x02) { Zero, Zero }, Local0)
                Store (Add (VGIA, 0x28), Index (Local0, Zero))
                Return (Local0)
            }
        }
    }
}
