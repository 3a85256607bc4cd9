/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that shows each mode of the video BIOS, with pictures that tests/boot/modes.py works out.
 *
 * On the first serial port it says, in lines: "font HEIGHT HEX..." three times; before each mode "MODE"
 * or "MODE ATTRIBUTES WIDTH HEIGHT BITS PITCH GRANULARITY MODEL" (hexadecimal, from the VESA BIOS),
 * when its picture is there "ready", and waits for a key; on a Cirrus then "blits", and "ready" when its
 * blitter has drawn over the picture of mode 101; at last "fill" and, each time a key was pressed, when it filled the screen in mode 12h pixel by pixel, "filled".
 *
 * Memory is filled in chunks of 64 bytes. The double words of chunk n are n x 9E3779B1. Chunks are
 * counted from 0 in packed pictures, from 10000 x p in plane p. Text is words: cell n has n x 107.
 *
 * Documents: VESA BIOS Extension 2.0; the video BIOS's functions 00, 01, 10, 11; IBM VGA.
 */
#define COM1 0x3f8
#define COM1_LSR 0x3fd
#define DAC_WRITE 0x3c8
#define SEQUENCER 0x3c4
#define SR_MAP_MASK 2
#define SR_CONFIG 0x17
#define CRTC 0x3d4
#define CR_ID 0x27
#define CIRRUS_GD5446 0xb8
#define BLT_BACKGROUND 0x00
#define BLT_FOREGROUND 0x04
#define BLT_WIDTH 0x08
#define BLT_DST_PITCH 0x0c
#define BLT_DST 0x10
#define BLT_SRC 0x14
#define BLT_MODE 0x18
#define BLT_START 0x40
#define CHUNK 64
#define FACTOR 0x9e3779b1
#define SECTORS 8
#define VESA_INFO 0x9000            /* 512 bytes */
#define MODE_INFO 0x9200            /* 256 bytes */
#define PALETTE 0x9400              /* 17 bytes */
#define INFO_MODES 14               /* far pointer in VESA_INFO */
#define MODEL_PACKED 4              /* and 6: packed, by colours */

#define WIDEST 1280                 /* of the modes that are shown */

    .code16
    .text
    .globl  _start
_start:
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %ss
    mov     $0x7c00, %sp
    cld
    sti
    mov     $(0x0200 | SECTORS), %ax    /* the rest of us; %dl is the drive */
    mov     $0x0002, %cx
    xor     %dh, %dh
    mov     $0x7e00, %bx
    int     $0x13
    jc      stop
    jmp     main
stop:
    hlt
    jmp     stop
    .org    510
    .word   0xaa55

main:
    mov     $0x02, %bh              /* 8 x 14, 8 x 8, 8 x 16 */
    mov     $14, %cx
    call    say_font
    mov     $0x03, %bh
    mov     $8, %cx
    call    say_font
    mov     $0x06, %bh
    mov     $16, %cx
    call    say_font

    mov     $bios_modes, %si
1:  lodsw
    cmp     $0xffff, %ax
    je      2f
    push    %si
    call    bios_mode
    pop     %si
    jmp     1b

2:  push    %ds
    pop     %es
    movl    $0x32454256, VESA_INFO  /* "VBE2" */
    mov     $VESA_INFO, %di
    mov     $0x4f00, %ax
    int     $0x10
    xor     %si, %si
3:  push    %ds
    lds     VESA_INFO + INFO_MODES, %bx
    mov     (%bx, %si), %ax
    pop     %ds
    inc     %si
    inc     %si
    cmp     $0xffff, %ax
    je      4f
    push    %si
    call    vesa_mode
    pop     %si
    jmp     3b
4:  mov     $CRTC, %dx
    mov     $CR_ID, %al
    out     %al, %dx
    inc     %dx
    in      %dx, %al
    cmp     $CIRRUS_GD5446, %al
    jne     fill
    mov     $0x0101, %ax
    call    vesa_mode
    call    blits

/* Each write of a byte in mode 12h adds one white pixel: with that of the pass before, eight passes. */
fill:
    mov     $0x0012, %ax
    int     $0x10
    mov     $message_fill, %si
    call    say
1:  xor     %ah, %ah
    int     $0x16
    cli
    push    $0xa000
    pop     %es
    mov     $0xff80, %bx
2:  mov     %bl, %al
    xor     %di, %di
    mov     $38400, %cx
    rep stosb
    shr     %bx
    cmp     $0x00ff, %bx
    jae     2b
    sti
    mov     $message_filled, %si
    call    say
    jmp     1b

/* --------------------------------------------------------------------------- modes of the BIOS */

/* Mode %al: the low byte of the table's word; how to draw it is in the high one. */
bios_mode:
    push    %ax
    xor     %ah, %ah
    call    say_word
    call    say_end
    pop     %ax
    push    %ax
    xor     %ah, %ah
    push    %ax
    int     $0x10                   /* between colour and mono the CRTC is written where it was: */
    pop     %ax
    int     $0x10                   /* a second time it is where the BIOS thinks */
    call    colours
    pop     %ax
    cmp     $0x07, %al
    jbe     1f
2:  cmp     $0x13, %al
    je      3f
    xor     %dx, %dx                /* four planes of 64 KiB less a part */
    mov     $0xa000, %bx
    mov     %bx, %es
    call    planes
    jmp     ready
3:  mov     $0xa000, %bx
    mov     %bx, %es
    mov     $64000 / CHUNK, %cx
    xor     %ebx, %ebx
    call    chunks
    jmp     ready
1:  mov     $0xb800, %bx
    cmp     $0x07, %al
    jne     4f
    mov     $0xb000, %bx
4:  mov     %bx, %es
    cmp     $0x07, %al
    je      text
    cmp     $0x04, %al
    jb      text
    mov     $16384 / CHUNK, %cx
    xor     %ebx, %ebx
    call    chunks
    jmp     ready

text:
    mov     $0x0100, %ax            /* no cursor */
    mov     $0x2000, %cx
    int     $0x10
    mov     $0x1003, %ax            /* bright backgrounds, no blinking */
    xor     %bx, %bx
    int     $0x10
    xor     %di, %di
    xor     %ax, %ax
    mov     $80 * 25, %cx
5:  stosw
    add     $0x0107, %ax
    loop    5b
    jmp     ready

/* Fill %cx chunks from %es:0, counted from %ebx. */
chunks:
    xor     %di, %di
1:  imul    $FACTOR, %ebx, %eax
    push    %cx
    mov     $CHUNK / 4, %cx
    rep stosl
    pop     %cx
    inc     %ebx
    loop    1b
    ret

/* Fill the first 38400 bytes of each plane. */
planes:
    xor     %ebp, %ebp
1:  mov     $1, %ah
    mov     %bp, %cx
    shl     %cl, %ah
    mov     $SR_MAP_MASK, %al
    mov     $SEQUENCER, %dx
    out     %ax, %dx
    mov     %ebp, %ebx
    shl     $16, %ebx
    mov     $38400 / CHUNK, %cx
    call    chunks
    inc     %bp
    cmp     $4, %bp
    jb      1b
    ret

/* ------------------------------------------------------------------------------- VESA modes */

/* Mode %ax, if it is a VESA mode, there, of graphics, packed and not too large. */
vesa_mode:
    cmp     $0x0100, %ax
    jb      1f
    mov     %ax, mode
    push    %ds
    pop     %es
    mov     %ax, %cx
    mov     $MODE_INFO, %di
    mov     $0x4f01, %ax
    int     $0x10
    cmp     $0x004f, %ax
    jne     1f
    mov     MODE_INFO, %al
    and     $0x11, %al
    cmp     $0x11, %al
    jne     1f
    cmpb    $MODEL_PACKED, MODE_INFO + 27
    jb      1f
    cmpw    $WIDEST, MODE_INFO + 18
    ja      1f
    mov     mode, %ax
    call    say_word
    mov     MODE_INFO, %ax
    call    say_word
    mov     MODE_INFO + 18, %ax
    call    say_word
    mov     MODE_INFO + 20, %ax
    call    say_word
    movzbw  MODE_INFO + 25, %ax
    call    say_word
    mov     MODE_INFO + 16, %ax
    call    say_word
    mov     MODE_INFO + 4, %ax
    call    say_word
    movzbw  MODE_INFO + 27, %ax
    call    say_word
    call    say_end
    mov     mode, %bx
    or      $0x8000, %bx            /* and leave memory as it is */
    mov     $0x4f02, %ax
    int     $0x10
    cmp     $0x004f, %ax
    jne     failed
    call    colours
    mov     $0xa000, %bx
    mov     %bx, %es
    movzwl  MODE_INFO + 16, %eax    /* chunks in all: pitch x height / CHUNK, and what remains */
    movzwl  MODE_INFO + 20, %ecx
    imul    %ecx, %eax
    add     $(CHUNK - 1), %eax
    shr     $6, %eax
    mov     %eax, left
    xor     %ebx, %ebx
    movl    $0, bank
3:  mov     $64, %ax                /* the window moves in steps of so many KiB */
    xor     %dx, %dx
    divw    MODE_INFO + 4
    mulw    bank
    mov     %ax, %dx
    push    %ebx
    xor     %bx, %bx
    mov     $0x4f05, %ax
    int     $0x10
    pop     %ebx
    mov     $0x10000 / CHUNK, %ecx
    cmp     left, %ecx
    jbe     4f
    mov     left, %ecx
4:  sub     %ecx, left
    call    chunks
    incw    bank
    cmpl    $0, left
    jne     3b
    jmp     ready
1:  ret

failed:
    mov     $message_failed, %si
    jmp     say

/* --------------------------------------------------------------------------------- the blitter */

blits:
    mov     $message_blits, %si
    call    say
    mov     $(0x0400 | SR_CONFIG), %ax  /* its registers at B8000 */
    mov     $SEQUENCER, %dx
    out     %ax, %dx
    mov     $0xb800, %ax
    mov     %ax, %es
    movl    $0x00000011, %es:BLT_FOREGROUND
    movl    $(49 << 16 | 99), %es:BLT_WIDTH
    movl    $(640 << 16 | 640), %es:BLT_DST_PITCH
    movl    $(20 * 640 + 30), %es:BLT_DST
    movl    $0x040d00c0, %es:BLT_MODE   /* a solid fill */
    movb    $2, %es:BLT_START

    movl    $((25 + 49) * 640 + 35 + 99), %es:BLT_DST
    movl    $((20 + 49) * 640 + 30 + 99), %es:BLT_SRC
    movl    $0x00590001, %es:BLT_MODE   /* onto itself, backward, exclusive or */
    movb    $2, %es:BLT_START

    movl    $0x00000022, %es:BLT_BACKGROUND
    movl    $0x0000003f, %es:BLT_FOREGROUND
    movl    $(15 << 16 | 15), %es:BLT_WIDTH
    movl    $0x000d0084, %es:BLT_MODE   /* bits of the CPU; the destination starts it */
    movb    $0x80, %es:BLT_START
    mov     $0xa000, %ax
    mov     %ax, %fs
    xor     %cx, %cx
1:  movzwl  %cx, %eax
    shl     $4, %eax
    add     $(100 * 640), %eax
    mov     %eax, %es:BLT_DST
    xor     %bx, %bx
2:  imul    $0x1234, %bx, %ax
    add     %cx, %ax
    mov     %ax, %fs:0
    inc     %bx
    cmp     $16, %bx
    jb      2b
    inc     %cx
    cmp     $40, %cx
    jb      1b
    movb    $0, %es:BLT_START
    mov     $SR_CONFIG, %ax
    mov     $SEQUENCER, %dx
    out     %ax, %dx
    jmp     ready

/* ------------------------------------------------------------------------------- what is common */

/* Colour n of the DAC: red n, green 3 n, blue 63 - n / 4, each of six bits; colour n of 16 is n. */
colours:
    pusha
    push    %es
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
    push    %ds
    pop     %es
    mov     $PALETTE, %di
    xor     %al, %al
2:  stosb
    inc     %al
    cmp     $16, %al
    jb      2b
    xor     %al, %al                /* the border */
    stosb
    mov     $0x1002, %ax
    mov     $PALETTE, %dx
    int     $0x10
    pop     %es
    popa
    ret

ready:
    mov     $message_ready, %si
    call    say
    xor     %ah, %ah                /* wait for a key */
    int     $0x16
    ret

/* Font %bh of the BIOS, %cx lines. */
say_font:
    push    %cx
    mov     $message_font, %si
    call    say
    pop     %cx
    mov     %cx, %ax
    call    say_word
    push    %cx
    mov     $0x1130, %ax
    int     $0x10                   /* %es:%bp; %cx and %dx change */
    pop     %cx
    shl     $8, %cx
1:  mov     %es:(%bp), %al
    inc     %bp
    call    say_byte
    loop    1b
    jmp     say_end

say:
    lodsb
    test    %al, %al
    jz      1f
    call    say_char
    jmp     say
1:  ret

say_end:
    mov     $'\n', %al
say_char:
    push    %dx
    push    %ax
    mov     $COM1_LSR, %dx
1:  in      %dx, %al
    test    $0x20, %al
    jz      1b
    pop     %ax
    mov     $COM1, %dx
    out     %al, %dx
    pop     %dx
    ret

say_word:
    push    %ax
    mov     %ah, %al
    call    say_byte
    pop     %ax
    push    %ax
    call    say_byte
    mov     $' ', %al
    call    say_char
    pop     %ax
    ret

say_byte:
    push    %ax
    push    %ax
    shr     $4, %al
    call    say_digit
    pop     %ax
    and     $15, %al
    call    say_digit
    pop     %ax
    ret

say_digit:
    add     $'0', %al
    cmp     $'9', %al
    jbe     say_char
    add     $('a' - '0' - 10), %al
    jmp     say_char

bios_modes:
    .word   0x00, 0x01, 0x02, 0x03, 0x07, 0x04, 0x05, 0x06
    .word   0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0xffff
mode:
    .word   0
bank:
    .long   0
left:
    .long   0
message_font:
    .asciz  "font "
message_ready:
    .asciz  "ready\n"
message_failed:
    .asciz  "failed\n"
message_blits:
    .asciz  "blits\n"
message_fill:
    .asciz  "fill\n"
message_filled:
    .asciz  "filled\n"
    .org    512 * (1 + SECTORS)
