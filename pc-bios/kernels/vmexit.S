/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operation of the guest's costs: a line for each, with cycles of the time stamp counter.
 *
 *     lignite -no-reboot -nodefaults -display none -serial stdio -device pc-testdev
 *         -device isa-debug-exit,iobase=0xf4,iosize=4 -device pci-testdev -kernel vmexit.elf
 *
 * The loop around an operation is in the figure; "nothing" is that loop alone. What must not leave
 * the guest is done 10 000 times, all else 500 times, so that the number of exits of the whole run
 * tells whether anything left it that should not.
 *
 * vmcall is only done with the word "all" on the kernel's command line.
 *
 * A case of pci-testdev reads its count afterwards: each write must have arrived.
 */
#include "kernel.inc"

#define FEW 500
#define MANY 10000

#define PIC_ELCR 0x4d0
#define NOBODY 0x1234
#define TESTDEV_REG 0xe0            /* of pc-testdev */
#define TESTDEV_WINDOW 0xff000000
#define RTC_INDEX 0x70
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000
#define PM_DEVFN (1 << 3 | 3)
#define PM_BASE 0x40
#define PM_TIMER 8
#define PCI_BAR0 0x10
#define PCI_BAR1 0x14
#define PCI_TESTDEV_ID 0x00051b36

/* The header of pci-testdev, in both BARs. */
#define HDR_TEST 0
#define HDR_OFFSET 4
#define HDR_DATA 8
#define HDR_COUNT 12

/* A row: name, argument; setup returns %eax 0 for a case that can't be had here, and what the
 * operation needs in %esi and %cl; check returns %eax 0 if all is well. */
#define ROW_NAME 0
#define ROW_ARG 4
#define ROW_SETUP 8
#define ROW_OP 12
#define ROW_COUNT 16
#define ROW_CHECK 20
#define ROW_SIZE 24

.macro row name, arg, setup, op, count, check
    .section .rodata.names, "a"
9:  .asciz  "\name"
    .section .rodata.rows, "a"
    .long   9b, \arg, \setup, \op, \count, \check
    .text
.endm

    .section .rodata.rows, "a"
rows:
    .text

main:
    call    find_testdev
    mov     $rows, %edi
next_row:
    mov     ROW_NAME(%edi), %esi
    call    put_string
    mov     $' ', %al
    call    put_char
    call    *ROW_SETUP(%edi)
    test    %eax, %eax
    jz      skipped

    mov     ROW_COUNT(%edi), %ebp
    call    *ROW_OP(%edi)           /* the first is not counted */
    rdtsc
    mov     %eax, start
    mov     %edx, start + 4
1:  call    *ROW_OP(%edi)
    dec     %ebp
    jnz     1b
    rdtsc
    sub     start, %eax
    sbb     start + 4, %edx
    cmp     ROW_COUNT(%edi), %edx
    jb      2f
    mov     $-1, %eax               /* too many to divide */
    xor     %edx, %edx
2:  divl    ROW_COUNT(%edi)
    call    put_decimal
    call    *ROW_CHECK(%edi)
    test    %eax, %eax
    jz      4f
    incl    failures
    mov     $text_lost, %esi
    jmp     3f
skipped:
    mov     $text_skipped, %esi
3:  call    put_string
4:  call    put_newline
    add     $ROW_SIZE, %edi
    cmp     $rows_end, %edi
    jb      next_row

    mov     failures, %eax
    mov     $text_name, %esi
    jmp     end

/* ------------------------------------------------------------------------------ operations -- */

always:
    mov     $1, %eax
    ret
fine:
    xor     %eax, %eax
    ret

nothing:
    ret
cpuid_0:
    xor     %eax, %eax
    cpuid
    ret
hypercall:
    mov     $0x7fff, %eax           /* there is none with this number */
    vmcall
    ret
in_long:
    mov     %esi, %edx
    in      %dx, %eax
    ret
in_byte:
    mov     %esi, %edx
    in      %dx, %al
    ret
out_byte:
    mov     %esi, %edx
    mov     %cl, %al
    out     %al, %dx
    ret
out_address:
    mov     %esi, %edx
    mov     $PCI_ENABLE, %eax
    out     %eax, %dx
    ret
load:
    mov     (%esi), %eax
    ret
store:
    mov     %cl, (%esi)
    ret

    row     nothing, 0, always, nothing, MANY, fine
    row     cpuid, 0, always, cpuid_0, FEW, fine

/* A KVM that emulates every instruction puts the processor's own in place of this one for ever. */
setup_hypercall:
    movzbl  wants_all, %eax
    ret
    row     vmcall, 0, setup_hypercall, hypercall, FEW, fine

/* Where firmware put the power management's ports. */
setup_pm_timer:
    mov     $PCI_ENABLE | PM_DEVFN << 8 | PM_BASE, %eax
    call    read_config
    and     $0xffc0, %eax
    lea     PM_TIMER(%eax), %esi
    ret
    row     inl_from_pmtimer, 0, setup_pm_timer, in_long, FEW, fine

setup_port:
    mov     ROW_ARG(%edi), %esi
    mov     $1, %eax
    ret
    row     inl_from_nobody, NOBODY, setup_port, in_long, FEW, fine
    row     inb_from_kernel, PIC_ELCR, setup_port, in_byte, MANY, fine

/* As it is: an ELCR bit decides how its line works. */
setup_elcr:
    mov     $PIC_ELCR, %esi
    call    in_byte
    mov     %al, %cl
    jmp     always
    row     outb_to_kernel, 0, setup_elcr, out_byte, MANY, fine
    row     outb_exit, TESTDEV_REG, setup_port, out_byte, FEW, fine
    row     outb_queued, RTC_INDEX, setup_index, out_byte, FEW, fine
setup_index:
    mov     $0x8d, %cl              /* register D; NMI stays masked */
    jmp     setup_port
    row     outl_queued, PCI_ADDRESS, setup_port, out_address, FEW, fine
    row     mmio_read_exit, TESTDEV_WINDOW, setup_port, load, FEW, fine
    row     mmio_write_exit, TESTDEV_WINDOW, setup_port, store, FEW, fine

/* ----------------------------------------------------------------------------- pci-testdev -- */

/* %eax: address. */
read_config:
    mov     $PCI_ADDRESS, %edx
    out     %eax, %dx
    mov     $PCI_DATA, %edx
    in      %dx, %eax
    ret

find_testdev:
    mov     $PCI_ENABLE, %ebx
1:  mov     %ebx, %eax
    call    read_config
    cmp     $PCI_TESTDEV_ID, %eax
    je      2f
    add     $0x800, %ebx            /* the next device */
    cmp     $PCI_ENABLE | 0x10000, %ebx
    jb      1b
    ret
2:  lea     PCI_BAR0(%ebx), %eax
    call    read_config
    and     $~0xf, %eax
    mov     %eax, testdev_mem
    lea     PCI_BAR1(%ebx), %eax
    call    read_config
    and     $~0x3, %eax
    mov     %eax, testdev_io
    ret

/* Select the test; its registers are the same in both BARs. */
setup_pci:
    xor     %eax, %eax
    mov     testdev_mem, %ebx
    test    %ebx, %ebx
    jz      1f
    mov     ROW_ARG(%edi), %al
    mov     %al, HDR_TEST(%ebx)
    cmp     HDR_TEST(%ebx), %al
    mov     $0, %eax
    jne     1f
    mov     %ebx, %esi
    cmpl    $3, ROW_ARG(%edi)
    jb      2f
    mov     testdev_io, %esi
2:  add     HDR_OFFSET(%ebx), %esi
    mov     HDR_DATA(%ebx), %cl
    mov     $1, %eax
1:  ret

/* The first write, too. */
check_pci:
    mov     testdev_mem, %ebx
    mov     HDR_COUNT(%ebx), %eax
    sub     ROW_COUNT(%edi), %eax
    dec     %eax
    ret

    row     mmio-no-eventfd:pci-mem, 0, setup_pci, store, FEW, check_pci
    row     mmio-wildcard-eventfd:pci-mem, 1, setup_pci, store, MANY, check_pci
    row     mmio-datamatch-eventfd:pci-mem, 2, setup_pci, store, MANY, check_pci
    row     portio-no-eventfd:pci-io, 3, setup_pci, out_byte, FEW, check_pci
    row     portio-wildcard-eventfd:pci-io, 4, setup_pci, out_byte, MANY, check_pci
    row     portio-datamatch-eventfd:pci-io, 5, setup_pci, out_byte, MANY, check_pci

    .section .rodata.rows, "a"
rows_end:

    .section .rodata
text_name:      .asciz  "vmexit"
text_skipped:   .asciz  "(not here)"
text_lost:      .asciz  " LOST"

    .bss
    .balign 8
start:          .skip   8
failures:       .skip   4
testdev_mem:    .skip   4
testdev_io:     .skip   4
