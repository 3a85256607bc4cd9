/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The demo guest: greets, shows the time, the PCI functions and the memory, and powers off.
 *
 * One image starts in three ways. Its first sector is a boot sector: from a disk it reads the
 * whole image, from a CD (El Torito, no emulation) it finds that already in memory. Its second
 * sector starts with the header of a Linux kernel, so -kernel loads it as one. Each way ends at
 * `setup` with %ds on the image's first byte and %cs 20h paragraphs further.
 *
 * With "bench" as its command line it is a benchmark (bench.inc).
 *
 * It runs in real mode only, and says everything on the screen and on the first serial port.
 *
 * Documents: BIOS Enhanced Disk Drive Specification 3.0; "El Torito" Bootable CD-ROM Format 1.0;
 * The Linux/x86 Boot Protocol 2.03; PCI Local Bus 2.2 (configuration mechanism 1); MC146818;
 * 16550; 82371AB (PIIX4) for the power management function; VGA text mode.
 */

#define IMAGE_SEGMENT 0x1000
#define SECTOR 512
#define STACK_TOP 0x8000            /* above the image, in its segment */

#define COM1 0x3f8
#define UART_LSR (COM1 + 5)
#define UART_LSR_THRE 0x20
#define UART_SCR (COM1 + 7)

#define VGA_TEXT 0xb800
#define COLUMNS 80
#define ROWS 25
#define COLOUR_TEXT 0x17            /* grey on blue */
#define COLOUR_HEAD 0x1f            /* white on blue */
#define COLOUR_DIM 0x13
#define COLOUR_BAR 0x70             /* black on grey */

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_A_UIP 0x80
#define RTC_B_24 0x02
#define RTC_B_DM 0x04

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PIIX4_PM_ID 0x71138086
#define PIIX4_PMBASE 0x40
#define PM1_CNT 4
#define SLP_S5 0x2000               /* SLP_EN, with the SLP_TYP that \_S5 has: 0 */
#define DEFAULT_PMBASE 0x0600       /* where SeaBIOS puts it */

#define SMAP 0x534d4150
#define MEMORY_COLUMN 37            /* the widest line has 42 characters */
#define MAX_RANGES 14
#define MAX_FUNCTIONS 15
#define WAIT_TICKS 18               /* of 55 ms: about a second */

    .code16
    .text
    .globl  _start

/* ------------------------------------------------------------------------- boot sector -- */

_start:
    cli
    xor     %ax, %ax
    mov     %ax, %ss
    mov     $0x7c00, %sp
    sti
    cld
    ljmp    $0x7c0, $1f
1:  mov     %cs, %ax
    mov     %ax, %ds
    mov     %dl, drive
    mov     $IMAGE_SEGMENT, %ax
    mov     %ax, %es

    /* Booted from a CD without emulation? Then all of the image is here; move it. A floppy is
     * not asked: the answer would be the state of an emulation that isn't there. */
    test    %dl, %dl
    jns     from_disk
    mov     $0x4b01, %ax
    mov     $packet, %si
    int     $0x13
    jc      from_disk
    testb   $0x0f, packet + 1       /* media type: 0 is no emulation */
    jnz     from_disk
    mov     drive, %al
    cmp     %al, packet + 2
    jne     from_disk
    xor     %si, %si
    xor     %di, %di
    mov     $image_size / 4, %cx
    rep movsl
    movw    $text_from_cd, %es:booted_from
    jmp     loaded

from_disk:
    mov     $0x41, %ah              /* are there the extended calls? */
    mov     $0x55aa, %bx
    mov     drive, %dl
    int     $0x13
    jc      by_chs
    cmp     $0xaa55, %bx
    jne     by_chs
    test    $1, %cl
    jz      by_chs
    mov     $0x42, %ah
    mov     $packet, %si
    mov     drive, %dl
    movw    $0x10, (%si)
    movw    $image_sectors, 2(%si)
    movw    $0, 4(%si)
    movw    $IMAGE_SEGMENT, 6(%si)
    movl    $0, 8(%si)
    movl    $0, 12(%si)
    int     $0x13
    jnc     read_done

by_chs:
    mov     $8, %ah
    mov     drive, %dl
    xor     %di, %di
    push    %es
    int     $0x13
    pop     %es
    jc      failed
    and     $0x3f, %cx              /* sectors a track */
    jz      failed
    mov     %cx, %si
    movzbw  %dh, %bp
    inc     %bp                     /* heads */
    xor     %di, %di                /* logical sector */
2:  mov     %di, %ax
    xor     %dx, %dx
    div     %si
    mov     %dx, %cx
    inc     %cx                     /* sector, from 1 */
    xor     %dx, %dx
    div     %bp
    mov     %dl, %dh                /* head */
    mov     %al, %ch                /* cylinder: far below 256 */
    mov     drive, %dl
    mov     %di, %bx
    shl     $9, %bx                 /* %es:%bx: where this sector goes */
    mov     $0x0201, %ax
    push    %si
    push    %di
    push    %bp
    int     $0x13
    pop     %bp
    pop     %di
    pop     %si
    jnc     3f
    decb    retries
    jz      failed
    xor     %ah, %ah                /* reset the drive, and again */
    mov     drive, %dl
    int     $0x13
    jmp     2b
3:  inc     %di
    cmp     $image_sectors, %di
    jb      2b

read_done:
    movw    $text_from_disk, %es:booted_from
loaded:
    push    %es
    pop     %ds
    ljmp    $IMAGE_SEGMENT + SECTOR / 16, $0

failed:
    mov     $text_failed, %si
4:  lodsb
    test    %al, %al
    jz      5f
    mov     $0x0e, %ah
    mov     $7, %bx
    int     $0x10
    jmp     4b
5:  hlt
    jmp     5b

drive:
    .byte   0
retries:
    .byte   5
text_failed:
    .asciz  "Lignite demo: read error"
    .balign 4
packet:                             /* of calls 42 (16 bytes) and 4B (19 bytes) */
    .byte   0x13
    .fill   18, 1, 0

/* -------------------------------------------------------------------------- Linux header -- */

    .org    0x1f1
    .byte   setup_sectors
    .word   0                       /* root_flags */
    .long   SECTOR / 16             /* syssize: what follows the setup code, in 16 bytes */
    .word   0
    .word   0                       /* vid_mode */
    .word   0
    .word   0xaa55                  /* also that of a boot sector */

setup:
    jmp     start
    .ascii  "HdrS"
    .word   0x0203                  /* protocol 2.03 */
    .long   0
    .word   0
    .word   text_version - SECTOR   /* kernel_version */
    .byte   0
    .byte   0x01                    /* loadflags: what follows the setup code goes to 1 MiB */
    .word   0
    .long   0x100000
    .long   0                       /* ramdisk_image, ramdisk_size */
    .long   0
    .long   0
    .word   0                       /* heap_end_ptr */
    .word   0
cmd_line_ptr:
    .long   0
    .long   0x37ffffff              /* initrd_addr_max */

/* ---------------------------------------------------------------------------------- main -- */

start:
    mov     %ds, %ax
    cli
    mov     %ax, %ss
    mov     $STACK_TOP, %sp
    sti
    cld
    push    %ds
    push    $main
    lret                            /* from now on %cs is %ds */

main:
    mov     $0x0003, %ax            /* text mode of 80 x 25 */
    int     $0x10
    mov     $0x01, %ah              /* without a cursor */
    mov     $0x2000, %cx
    int     $0x10
    mov     $VGA_TEXT, %ax
    mov     %ax, %es
    call    find_uart
    call    clear

    mov     $0 * 256 + 2, %dx
    movb    $COLOUR_BAR, colour
    mov     $text_title, %si
    call    line
    movb    $COLOUR_HEAD, colour
    mov     $2 * 256 + 2, %dx
    mov     $text_greeting, %si
    call    line
    movb    $COLOUR_TEXT, colour
    mov     $3 * 256 + 2, %dx
    call    at
    mov     $text_booted, %si
    call    puts
    mov     booted_from, %si
    call    puts
    call    end_line
    call    find_ecam
    call    show_command_line
    call    show_time
    call    show_pci
    call    show_memory
    call    wants_bench
    jc      2f
    call    bench_all
    jmp     3f

2:      mov     $24 * 256 + 2, %dx
    movb    $COLOUR_BAR, colour
    mov     $text_bye, %si
    call    line
    call    pause
3:  mov     $text_marker, %si
    call    serial_only
    call    power_off

    mov     $24 * 256 + 2, %dx      /* still here */
    call    at
    mov     $text_still_on, %si
    call    puts
    call    end_line
1:  sti
    hlt
    jmp     1b

/* --------------------------------------------------------------------------- what is shown -- */

show_command_line:
    mov     cmd_line_ptr, %eax
    test    %eax, %eax
    jz      2f
    mov     $4 * 256 + 2, %dx
    call    at
    mov     $text_command, %si
    call    puts
    mov     cmd_line_ptr, %eax
    mov     %ax, %si
    and     $15, %si
    shr     $4, %eax
    mov     %ax, %fs
    mov     $60, %cx                /* as many as fit on the line */
1:  mov     %fs:(%si), %al
    test    %al, %al
    jz      3f
    call    putc
    inc     %si
    loop    1b
3:  call    end_line
2:  ret

/* Whether the command line asks for the benchmark: carry is clear then. */
wants_bench:
    mov     cmd_line_ptr, %edi
    test    %edi, %edi
    jz      2f
    mov     $text_bench_word, %si
    call    flat_begin
1:  lodsb
    test    %al, %al
    jz      3f
    cmp     %fs:(%edi), %al
    lea     1(%edi), %edi
    je      1b
    call    flat_end
2:  stc
    ret
3:  cmpb    $'-', %fs:(%edi)        /* "bench-quick" */
    sete    bench_quick
    call    flat_end
    clc
    ret

/* Register %al of the real-time clock, as a number in %al. */
rtc_read_number:
    call    rtc_read
    testb   $RTC_B_DM, rtc_b
    jnz     1f
    mov     %al, %ah                /* from BCD */
    and     $0x0f, %al
    shr     $4, %ah
    aad
1:  ret

rtc_read:
    out     %al, $RTC_INDEX
    in      $RTC_DATA, %al
    ret

show_time:
    mov     $5 * 256 + 2, %dx
    call    at
    mov     $text_time, %si
    call    puts
    mov     $0xffff, %cx            /* an update is over within 2 ms */
1:  mov     $0x0a, %al
    call    rtc_read
    test    $RTC_A_UIP, %al
    loopnz  1b
    mov     $0x0b, %al
    call    rtc_read
    mov     %al, rtc_b
    mov     $0x32, %al              /* century */
    call    rtc_read_number
    call    put_two
    mov     $0x09, %al
    call    rtc_read_number
    call    put_two
    mov     $'-', %al
    call    putc
    mov     $0x08, %al
    call    rtc_read_number
    call    put_two
    mov     $'-', %al
    call    putc
    mov     $0x07, %al
    call    rtc_read_number
    call    put_two
    mov     $' ', %al
    call    putc
    call    rtc_hours
    call    put_two
    mov     $':', %al
    call    putc
    mov     $0x02, %al
    call    rtc_read_number
    call    put_two
    mov     $':', %al
    call    putc
    mov     $0x00, %al
    call    rtc_read_number
    call    put_two
    jmp     end_line

/* Hours 0..23 in %al, whichever way the clock counts them. */
rtc_hours:
    mov     $0x04, %al
    testb   $RTC_B_24, rtc_b
    jnz     rtc_read_number
    call    rtc_read
    mov     %al, %bl                /* bit 7: p.m. */
    mov     $0x04, %al
    call    rtc_read_number
    testb   $RTC_B_DM, rtc_b
    jnz     1f
    cmp     $80, %al                /* 80 came from the bit, as its digit is 8 */
    jb      2f
    sub     $80, %al
    jmp     2f
1:  and     $0x7f, %al
2:  cmp     $12, %al
    jne     3f
    xor     %al, %al
3:  test    $0x80, %bl
    jz      4f
    add     $12, %al
4:  ret

/* %eax: register address of configuration mechanism 1. Returns the double word. */
pci_read:
    cmpl    $0, ecam_base
    jne     ecam_read
    push    %dx
    mov     $PCI_ADDRESS, %dx
    outl    %eax, %dx
    mov     $PCI_DATA, %dx
    inl     %dx, %eax
    pop     %dx
    ret

show_pci:
    mov     $7 * 256 + 2, %dx
    movb    $COLOUR_HEAD, colour
    mov     $text_pci, %si
    cmpl    $0, ecam_base
    je      9f
    mov     $text_pci_memory, %si
9:  call    line
    movb    $COLOUR_TEXT, colour
    movb    $8, row
    mov     $0x80000000, %ebp       /* bus 0, device 0, function 0 */
1:  mov     %ebp, %eax
    call    pci_read
    cmp     $0xffff, %ax
    je      4f
    mov     %eax, pci_id
    cmp     $PIIX4_PM_ID, %eax
    jne     2f
    lea     PIIX4_PMBASE(%ebp), %eax
    call    pci_read
    and     $0xffc0, %ax
    mov     %ax, pm_base
2:  cmpb    $8 + MAX_FUNCTIONS, row
    jae     3f
    call    show_function
3:  test    $0x0700, %bp            /* a first function says if there are more */
    jnz     5f
    lea     0x0c(%ebp), %eax
    call    pci_read
    test    $0x00800000, %eax
    jnz     5f
4:  test    $0x0700, %bp
    jnz     5f
    add     $0x0800, %ebp           /* next device */
    jmp     6f
5:  add     $0x0100, %ebp
6:  cmp     $0x80010000, %ebp       /* the end of bus 0 */
    jb      1b
    ret

/* One line for the function at %ebp. */
show_function:
    mov     row, %dh
    mov     $2, %dl
    call    at
    incb    row
    mov     %ebp, %eax
    shr     $11, %eax
    and     $31, %al
    call    put_hex_byte
    mov     $'.', %al
    call    putc
    mov     %ebp, %eax
    shr     $8, %eax
    and     $7, %al
    add     $'0', %al
    call    putc
    mov     $' ', %al
    call    putc
    mov     pci_id, %ax
    call    put_hex_word
    mov     $':', %al
    call    putc
    mov     pci_id + 2, %ax
    call    put_hex_word
    mov     $' ', %al
    call    putc
    lea     0x08(%ebp), %eax
    call    pci_read
    shr     $16, %eax
    mov     $classes, %si
1:  cmpw    $0, (%si)
    je      2f
    cmp     %ax, (%si)
    je      2f
    add     $4, %si
    jmp     1b
2:  mov     2(%si), %si
    call    puts
    jmp     end_line

show_memory:
    mov     $7 * 256 + MEMORY_COLUMN, %dx
    movb    $COLOUR_HEAD, colour
    mov     $text_memory, %si
    call    line
    movb    $COLOUR_TEXT, colour
    movb    $8, row
    xor     %ebx, %ebx
1:  push    %es
    push    %ds
    pop     %es
    mov     $0xe820, %eax
    mov     $SMAP, %edx
    mov     $20, %ecx
    mov     $range, %di
    int     $0x15
    pop     %es
    jc      3f
    cmp     $SMAP, %eax
    jne     3f
    push    %ebx
    call    show_range
    pop     %ebx
    cmpb    $8 + MAX_RANGES, row
    jae     3f
    test    %ebx, %ebx
    jnz     1b

3:  mov     row, %dh
    mov     $MEMORY_COLUMN, %dl
    movb    $COLOUR_DIM, colour
    call    at
    mov     usable, %eax
    mov     usable + 4, %edx
    shrd    $20, %edx, %eax         /* MiB */
    call    put_decimal
    mov     $text_usable, %si
    call    puts
    jmp     end_line

show_range:
    mov     row, %dh
    mov     $MEMORY_COLUMN, %dl
    call    at
    incb    row
    mov     range, %eax
    mov     range + 4, %edx
    call    put_address
    mov     $'-', %al
    call    putc
    mov     range, %eax
    mov     range + 4, %edx
    add     range + 8, %eax
    adc     range + 12, %edx
    sub     $1, %eax
    sbb     $0, %edx
    call    put_address
    mov     $' ', %al
    call    putc
    mov     range + 16, %eax
    cmp     $1, %eax
    jne     1f
    mov     range + 8, %ecx
    add     %ecx, usable
    mov     range + 12, %ecx
    adc     %ecx, usable + 4
1:  cmp     $5, %eax
    jbe     2f
    xor     %ax, %ax
2:  mov     %ax, %si
    add     %si, %si
    mov     range_types(%si), %si
    call    puts
    jmp     end_line

/* ------------------------------------------------------------------------- wait, power off -- */

/* A second by the BIOS's clock, or until a key. */
pause:
    push    %fs
    mov     $0x40, %ax
    mov     %ax, %fs
    mov     %fs:0x6c, %ecx
1:  mov     $1, %ah
    int     $0x16
    jnz     2f
    sti
    hlt
    mov     %fs:0x6c, %eax
    sub     %ecx, %eax              /* at midnight the clock starts at 0: a large difference */
    cmp     $WAIT_TICKS, %eax
    jb      1b
2:  pop     %fs
    ret

power_off:
    mov     pm_base, %dx
    test    %dx, %dx
    jnz     1f
    mov     $DEFAULT_PMBASE, %dx    /* no PIIX4 to be seen: try where it would be */
1:  add     $PM1_CNT, %dx
    mov     $SLP_S5, %ax
    out     %ax, %dx
    /* Or by APM: connect, say which version, off. */
    mov     $0x5301, %ax
    xor     %bx, %bx
    int     $0x15
    mov     $0x530e, %ax
    xor     %bx, %bx
    mov     $0x0102, %cx
    int     $0x15
    mov     $0x5307, %ax
    mov     $1, %bx
    mov     $3, %cx
    int     $0x15
    ret

/* ------------------------------------------------------------------------------- printing -- */

/* Fill the screen with blanks: a grey bar at the top and the bottom. %es: video memory. */
clear:
    xor     %di, %di
    mov     $COLOUR_BAR << 8 | ' ', %ax
    mov     $COLUMNS, %cx
    rep stosw
    mov     $COLOUR_TEXT << 8 | ' ', %ax
    mov     $COLUMNS * (ROWS - 2), %cx
    rep stosw
    mov     $COLOUR_BAR << 8 | ' ', %ax
    mov     $COLUMNS, %cx
    rep stosw
    ret

/* Go to row %dh, column %dl. */
at:
    push    %ax
    mov     $COLUMNS, %al
    mul     %dh
    xor     %dh, %dh
    add     %dx, %ax
    add     %ax, %ax
    mov     %ax, position
    pop     %ax
    ret

/* The string at %si, at row %dh and column %dl, as a line. */
line:
    call    at
    call    puts
end_line:
    push    %ax
    mov     $'\r', %al
    call    serial_putc
    mov     $'\n', %al
    call    serial_putc
    pop     %ax
    ret

puts:
    lodsb
    test    %al, %al
    jz      1f
    call    putc
    jmp     puts
1:  ret

/* %al on the screen and the serial port. */
putc:
    push    %di
    push    %ax
    mov     position, %di
    mov     colour, %ah
    stosw
    mov     %di, position
    pop     %ax
    pop     %di
serial_putc:
    push    %dx
    push    %cx
    push    %ax
    cmpb    $0, have_uart
    je      2f
    mov     $0xffff, %cx            /* a port that never gets ready must not stop us */
1:  mov     $UART_LSR, %dx
    in      %dx, %al
    test    $UART_LSR_THRE, %al
    loopz   1b
    pop     %ax
    push    %ax
    mov     $COM1, %dx
    out     %al, %dx
2:  pop     %ax
    pop     %cx
    pop     %dx
    ret

/* The string at %si as a line of the serial port alone. */
serial_only:
    lodsb
    test    %al, %al
    jz      end_line
    call    serial_putc
    jmp     serial_only

/* Is there a UART? Its scratch register keeps what is written. */
find_uart:
    mov     $UART_SCR, %dx
    mov     $0x5a, %al
    out     %al, %dx
    in      %dx, %al
    cmp     $0x5a, %al
    jne     1f
    movb    $1, have_uart
    mov     $COM1 + 3, %dx          /* 115200 baud, 8 bits, no parity */
    mov     $0x80, %al
    out     %al, %dx
    mov     $COM1, %dx
    mov     $1, %al
    out     %al, %dx
    inc     %dx
    xor     %al, %al
    out     %al, %dx
    mov     $COM1 + 3, %dx
    mov     $0x03, %al
    out     %al, %dx
1:  ret

/* %al as two decimal digits. */
put_two:
    aam
    add     $0x3030, %ax
    xchg    %al, %ah
    call    putc
    xchg    %al, %ah
    jmp     putc

/* %edx:%eax as 10 hexadecimal digits, or as all 16 where they are needed. */
put_address:
    push    %eax
    mov     %edx, %eax
    cmp     $0xff, %eax
    jbe     1f
    call    put_hex_long
    jmp     2f
1:  call    put_hex_byte
2:  pop     %eax
put_hex_long:
    push    %eax
    shr     $16, %eax
    call    put_hex_word
    pop     %eax
put_hex_word:
    push    %ax
    mov     %ah, %al
    call    put_hex_byte
    pop     %ax
put_hex_byte:
    push    %ax
    shr     $4, %al
    call    put_hex_digit
    pop     %ax
put_hex_digit:
    push    %ax
    and     $0x0f, %al
    add     $'0', %al
    cmp     $'9', %al
    jbe     1f
    add     $'a' - '0' - 10, %al
1:  call    putc
    pop     %ax
    ret

/* %eax in decimal. */
put_decimal:
    xor     %cx, %cx
    mov     $10, %ebx
1:  xor     %edx, %edx
    div     %ebx
    push    %dx
    inc     %cx
    test    %eax, %eax
    jnz     1b
2:  pop     %ax
    add     $'0', %al
    call    putc
    loop    2b
    ret

#include "ecam.inc"
#include "bench.inc"

/* ---------------------------------------------------------------------------------- data -- */

text_version:
    .asciz  "Lignite demo guest"
text_title:
    .asciz  "Lignite demo guest"
text_greeting:
    .asciz  "Hello from inside the virtual machine."
text_booted:
    .asciz  "Booted from "
text_from_disk:
    .asciz  "a disk"
text_from_cd:
    .asciz  "a CD"
text_from_kernel:
    .asciz  "-kernel"
text_command:
    .asciz  "Command line: "
text_time:
    .asciz  "Clock: "
text_pci:
    .asciz  "PCI bus 0"
text_pci_memory:
    .asciz  "PCI bus 0, read as memory"
text_memory:
    .asciz  "Memory map"
text_usable:
    .asciz  " MiB usable"
text_bye:
    .asciz  "Powering off in a second; a key does so at once."
text_marker:
    .asciz  "Lignite demo: done"
text_still_on:
    .asciz  "Could not power off: the machine is halted.     "

text_ram:
    .asciz  "usable"
text_reserved:
    .asciz  "reserved"
text_acpi:
    .asciz  "ACPI data"
text_nvs:
    .asciz  "ACPI NVS"
text_bad:
    .asciz  "bad"
text_other:
    .asciz  "other"

    .balign 2
range_types:
    .word   text_other, text_ram, text_reserved, text_acpi, text_nvs, text_bad

/* Class and subclass, name; 0 ends. */
classes:
    .word   0x0600, text_host
    .word   0x0601, text_isa
    .word   0x0604, text_bridge
    .word   0x0680, text_pm
    .word   0x0101, text_ide
    .word   0x0100, text_scsi
    .word   0x0106, text_sata
    .word   0x0200, text_ethernet
    .word   0x0300, text_vga
    .word   0x0401, text_audio
    .word   0x0c03, text_usb
    .word   0, text_device
text_host:
    .asciz  "host bridge"
text_isa:
    .asciz  "ISA bridge"
text_bridge:
    .asciz  "PCI bridge"
text_pm:
    .asciz  "power management"
text_ide:
    .asciz  "IDE controller"
text_scsi:
    .asciz  "SCSI controller"
text_sata:
    .asciz  "SATA controller"
text_ethernet:
    .asciz  "Ethernet"
text_vga:
    .asciz  "VGA"
text_audio:
    .asciz  "audio"
text_usb:
    .asciz  "USB controller"
text_device:
    .asciz  "device"

    .balign 4
booted_from:
    .word   text_from_kernel
position:
    .word   0
pm_base:
    .word   0
row:
    .byte   0
colour:
    .byte   COLOUR_TEXT
have_uart:
    .byte   0
rtc_b:
    .byte   0
    .balign 4
pci_id:
    .long   0
range:
    .fill   5, 4, 0
usable:
    .quad   0

/* ----------------------------------------------------------------- end of the setup code -- */

    .balign SECTOR
setup_end:
    .set    setup_sectors, (setup_end - _start) / SECTOR - 1

/* What a Linux loader puts at 1 MiB; the setup code never goes there. */
1:  hlt
    jmp     1b
    .balign SECTOR
image_end:
    .set    image_size, image_end - _start
    .set    image_sectors, image_size / SECTOR
