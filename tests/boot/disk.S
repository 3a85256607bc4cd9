/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot sector of disk.py: writes some sectors, or reads one, through the BIOS.
 *
 * Each sector written begins with its number; at the end the first serial port gets D, or E after
 * an error. What is read goes to the serial port. The test fills in the parameters.
 */
    .code16
    .set BUFFER_SEGMENT, 0x1000
    .set COM1, 0x3f8
    .set LSR, 5
    .set LSR_THRE, 0x20

    ljmp $0x7c0, $begin

    .org 8
first:
    .long 0
count: /* of sectors to write; 0: read one */
    .long 0

begin:
    mov %cs, %ax
    mov %ax, %ds
    xor %ax, %ax
    mov %ax, %ss
    mov $0x7c00, %sp
    mov $BUFFER_SEGMENT, %ax
    mov %ax, %es
    mov $packet, %si
    mov first, %eax
    mov %eax, packet_lba
    cmpl $0, count
    je read

write:
    mov packet_lba, %eax
    mov %eax, %es:0
    mov $0x4300, %ax
    int $0x13
    jc failed
    incl packet_lba
    decl count
    jnz write
    mov $'D', %al
    call put
    jmp stop
failed:
    mov $'E', %al
    call put
stop:
    hlt
    jmp stop

read:
    mov $0x42, %ah
    int $0x13
    jc failed
    xor %di, %di
    mov $512, %cx
1:  mov %es:(%di), %al
    call put
    inc %di
    loop 1b
    jmp stop

put:
    push %dx
    push %ax
    mov $COM1 + LSR, %dx
1:  in %dx, %al
    test $LSR_THRE, %al
    jz 1b
    pop %ax
    mov $COM1, %dx
    out %al, %dx
    pop %dx
    ret

    .balign 4
packet: /* of the BIOS's extended read and write */
    .byte 16, 0
    .word 1
    .word 0, BUFFER_SEGMENT
packet_lba:
    .quad 0

    .org 510
    .word 0xaa55
