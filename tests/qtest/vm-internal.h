/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the client's files share.
 */
#ifndef LIGNITE_TESTS_QTEST_VM_INTERNAL_H
#define LIGNITE_TESTS_QTEST_VM_INTERNAL_H

#include "vm.h"

#define VM_IRQS 64

/* A connection on which lines come and go. */
typedef struct Channel {
    int fd;
    size_t start, end; /* of what was received and not looked at, in buf */
    char buf[65536];
} Channel;

struct Vm {
    pid_t pid;
    char *folder;
    Channel qtest, qmp;
    GQueue events; /* of QMP, json_t *, oldest first */
    bool irq[VM_IRQS];
    unsigned irq_count[VM_IRQS];
};

/* The next line, however long, without its newline; the caller frees it. */
char *vm_read_line(const Vm *vm, Channel *channel);

/* Send a text, with its newline. */
void vm_say(const Vm *vm, Channel *channel, const char *text);

/* vm-qmp.c: the handshake; and what is to be freed. */
void vm_qmp_begin(Vm *vm);
void vm_qmp_end(Vm *vm);

#endif
