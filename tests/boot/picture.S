/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that draws two pictures, whose every pixel tests/boot/picture.py can work out:
 * in mode 13h (320 x 200, 256 colours, chained), and after a key in mode 12h (640 x 480, 16 colours,
 * planes), where the BIOS draws a diagonal over it. It says '1' and '2' on the first serial port.
 *
 * Documents: IBM VGA; the video BIOS's functions 00h, 0Ch and 10h.
 */
#define COM1 0x3f8
#define DAC_WRITE 0x3c8
#define GC 0x3ce
#define GC_MODE_WRITE_2 0x0205      /* what is written is a colour, for eight pixels */
#define GC_MODE_WRITE_0 0x0005
#define COLOUR_LINE 9

    .code16
    .text
    .globl  _start
_start:
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %ss
    mov     $0x7c00, %sp
    cld
    mov     $0xa000, %ax
    mov     %ax, %es

    mov     $0x0013, %ax
    int     $0x10
    call    colours
    xor     %di, %di
    xor     %dx, %dx                /* line */
1:  xor     %cx, %cx                /* column; colour: column + line, exclusive or column / 4 */
2:  mov     %cx, %ax
    shr     $2, %ax
    mov     %cx, %bx
    add     %dx, %bx
    xor     %bl, %al
    stosb
    inc     %cx
    cmp     $320, %cx
    jb      2b
    inc     %dx
    cmp     $200, %dx
    jb      1b
    mov     $'1', %al
    call    say

    xor     %ah, %ah                /* wait for a key */
    int     $0x16

    mov     $0x0012, %ax
    int     $0x10
    call    colours
    xor     %bx, %bx                /* attribute register n gives colour n */
3:  mov     $0x1000, %ax
    int     $0x10
    add     $0x0101, %bx
    cmp     $16, %bl
    jb      3b
    mov     $GC, %dx
    mov     $GC_MODE_WRITE_2, %ax
    out     %ax, %dx
    xor     %di, %di
    xor     %dx, %dx
4:  xor     %cx, %cx
5:  mov     %cx, %ax                /* colour: column / 8, exclusive or line / 4 */
    mov     %dx, %bx
    shr     $2, %bx
    xor     %bl, %al
    stosb
    inc     %cx
    cmp     $80, %cx
    jb      5b
    inc     %dx
    cmp     $480, %dx
    jb      4b
    mov     $GC, %dx
    mov     $GC_MODE_WRITE_0, %ax
    out     %ax, %dx

    mov     $(0x0c00 | COLOUR_LINE), %ax
    xor     %bx, %bx
    xor     %cx, %cx
    xor     %dx, %dx
6:  pusha
    int     $0x10
    popa
    inc     %cx
    inc     %dx
    cmp     $480, %dx
    jb      6b
    mov     $'2', %al
    call    say
7:  hlt
    jmp     7b

/* Colour n of the DAC: red n, green 3 n, blue 63 - n / 4, each of six bits. */
colours:
    mov     $DAC_WRITE, %dx
    xor     %al, %al
    out     %al, %dx
    inc     %dx
    xor     %cx, %cx
1:  mov     %cl, %al
    and     $63, %al
    out     %al, %dx
    mov     %cl, %al
    add     %cl, %al
    add     %cl, %al
    and     $63, %al
    out     %al, %dx
    mov     %cl, %al
    shr     $2, %al
    xor     $63, %al
    out     %al, %dx
    inc     %cl
    jnz     1b
    ret

say:
    mov     $COM1, %dx
    out     %al, %dx
    ret

    .org    510
    .word   0xaa55
