/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds on plain file descriptors: stdio, file, pipe, pty.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define FINISH_LIMIT_US (1000 * 1000)

/* ------------------------------------------------------------------ descriptors in general -- */

void char_fd_init(CharFd *cfd, Chardev *chr)
{
    cfd->chr = chr;
    cfd->in = cfd->out = -1;
    cfd->held = g_byte_array_new();
}

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static void watch(GSource **source, int fd, GIOCondition condition, GUnixFDSourceFunc func,
                  CharFd *cfd)
{
    if (!*source && fd >= 0) {
        *source = g_unix_fd_source_new(fd, condition);
        g_source_set_callback(*source, G_SOURCE_FUNC(func), cfd, NULL);
        g_source_attach(*source, NULL);
    }
}

static void hang_up(CharFd *cfd)
{
    drop_source(&cfd->in_source);
    cfd->eof = true;
    if (cfd->hangup) {
        cfd->hangup(cfd->chr);
    } else {
        chardev_event(cfd->chr, CHARDEV_CLOSED);
    }
}

/* As read(), also taking descriptors that a socket's peer sends along. */
static ssize_t read_with_fds(CharFd *cfd, void *buf, size_t len)
{
    enum { MAX_FDS = 16 };
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = {buf, len};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    ssize_t n;

    if (!cfd->is_socket) {
        return read(cfd->in, buf, len);
    }
    n = recvmsg(cfd->in, &msg, MSG_CMSG_CLOEXEC);
    if (n <= 0) {
        return n;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

            for (size_t i = 0; i < count; i++) {
                int fd;

                memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                if (cfd->fds->len < MAX_FDS) {
                    g_array_append_val(cfd->fds, fd);
                } else {
                    close(fd); /* nobody takes them: a flood must not use up our table */
                }
            }
        }
    }
    return n;
}

static gboolean on_readable(int fd, GIOCondition condition, void *opaque);
static gboolean on_gone(int fd, GIOCondition condition, void *opaque);

/*
 * How much the user would take. One who takes no input at all (a debug port) has it thrown away
 * where peers come and go, because their going is seen at the end of their input.
 */
static size_t input_room(CharFd *cfd)
{
    Chardev *chr = cfd->chr;

    if (cfd->hangup && chr->handlers && !chr->handlers->receive) {
        return 4096;
    }
    return chardev_can_receive(chr);
}

/* Wait for input if the user takes it, else for the peer to go. */
static void watch_input(CharFd *cfd)
{
    bool reads = input_room(cfd) > 0 && !cfd->held->len;

    if (cfd->in_source && cfd->in_source_reads == reads) {
        return;
    }
    drop_source(&cfd->in_source);
    if (cfd->eof) {
        return;
    }
    cfd->in_source_reads = reads;
    if (reads) {
        watch(&cfd->in_source, cfd->in, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, cfd);
    } else if (cfd->hangup) {
        watch(&cfd->in_source, cfd->in, G_IO_HUP | G_IO_ERR | (cfd->is_socket ? POLLRDHUP : 0),
              on_gone, cfd);
    }
}

static gboolean on_readable(int fd, GIOCondition condition, void *opaque)
{
    CharFd *cfd = opaque;
    uint8_t buf[4096];
    size_t want = MIN(input_room(cfd), sizeof(buf));
    ssize_t n;

    if (!want) {
        watch_input(cfd);
        return G_SOURCE_CONTINUE;
    }
    n = read_with_fds(cfd, buf, want);
    if (n > 0) {
        chardev_receive(cfd->chr, buf, n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(cfd);
    }
    return G_SOURCE_CONTINUE;
}

/*
 * The peer went while the user takes no input. Its last words are kept, so that the place is free
 * for the next peer and nothing is lost.
 */
static gboolean on_gone(int fd, GIOCondition condition, void *opaque)
{
    CharFd *cfd = opaque;
    uint8_t buf[4096];
    ssize_t n;

    if (input_room(cfd)) {
        watch_input(cfd);
        return G_SOURCE_CONTINUE;
    }
    while (cfd->held->len < CHARDEV_PENDING_MAX && (n = read_with_fds(cfd, buf, sizeof(buf))) > 0) {
        g_byte_array_append(cfd->held, buf, n);
    }
    hang_up(cfd);
    return G_SOURCE_CONTINUE;
}

static gboolean on_writable(int fd, GIOCondition condition, void *opaque)
{
    CharFd *cfd = opaque;

    drop_source(&cfd->out_source);
    chardev_flush(cfd->chr);
    return G_SOURCE_CONTINUE;
}

void char_fd_accept_input(Chardev *chr)
{
    CharFd *cfd = chr->state;
    size_t n;

    while (cfd->held->len && (n = MIN(input_room(cfd), cfd->held->len)) > 0) {
        g_autofree uint8_t *bytes = g_memdup2(cfd->held->data, n);

        g_byte_array_remove_range(cfd->held, 0, n);
        chardev_receive(chr, bytes, n);
    }
    watch_input(cfd);
}

ssize_t char_fd_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    CharFd *cfd = chr->state;
    ssize_t n;

    if (cfd->out < 0) {
        return -1;
    }
    do {
        n = cfd->is_socket ? send(cfd->out, buf, len, MSG_NOSIGNAL) : write(cfd->out, buf, len);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN) {
        watch(&cfd->out_source, cfd->out, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, cfd);
        return 0;
    }
    return -1;
}

void char_fd_set(CharFd *cfd, int in, int out)
{
    cfd->in = in;
    cfd->out = out;
    cfd->eof = false;
    if (!cfd->fds) {
        cfd->fds = g_array_new(FALSE, FALSE, sizeof(int));
    }
    if (in >= 0) {
        g_unix_set_fd_nonblocking(in, TRUE, NULL);
    }
    if (out >= 0) {
        g_unix_set_fd_nonblocking(out, TRUE, NULL);
    }
}

/* What the peer has not taken: wait for it, but not for long; then let the descriptors go. */
void char_fd_finish(CharFd *cfd)
{
    const int64_t limit = g_get_monotonic_time() + FINISH_LIMIT_US;
    Chardev *chr = cfd->chr;

    if (!chr) {
        return; /* it was never opened */
    }
    chardev_flush(chr);
    while (chr->pending->len && cfd->out >= 0) {
        struct pollfd pfd = {.fd = cfd->out, .events = POLLOUT};
        int64_t left = limit - g_get_monotonic_time();

        if (left <= 0 || (poll(&pfd, 1, left / 1000 + 1) < 0 && errno != EINTR)) {
            break;
        }
        chardev_flush(chr);
    }
    char_fd_close(cfd);
    g_clear_pointer(&cfd->held, g_byte_array_unref);
}

void char_fd_close(CharFd *cfd)
{
    drop_source(&cfd->in_source);
    drop_source(&cfd->out_source);
    if (cfd->in >= 0 && !cfd->borrowed) {
        close(cfd->in);
    }
    if (cfd->out >= 0 && cfd->out != cfd->in && !cfd->borrowed) {
        close(cfd->out);
    }
    cfd->in = cfd->out = -1;
    for (unsigned i = 0; cfd->fds && i < cfd->fds->len; i++) {
        close(g_array_index(cfd->fds, int, i));
    }
    g_clear_pointer(&cfd->fds, g_array_unref);
}

/* --------------------------------------------------------------------------------- stdio -- */

/* The terminal as we found it; there is one stdio. */
static struct {
    bool used;
    volatile sig_atomic_t is_tty; /* also read by signal handlers */
    struct termios tty;
    int in_flags, out_flags;
} stdio_before;

static bool stdio_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharFd *cfd = chr->state;
    bool signals = true;
    int in_flags = fcntl(STDIN_FILENO, F_GETFL);
    int out_flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (!opts_get_bool(opts, "signal", &signals, errp)) {
        return false;
    }
    if (stdio_before.used) {
        error_setg(errp, "cannot use stdio by multiple character devices");
        return false;
    }
    if (out_flags < 0) {
        error_setg(errp, "cannot use stdio: standard output is closed");
        return false;
    }
    char_fd_init(cfd, chr);
    stdio_before.used = true;
    stdio_before.in_flags = in_flags;
    stdio_before.out_flags = out_flags;
    if (tcgetattr(STDIN_FILENO, &stdio_before.tty) == 0) {
        struct termios tty = stdio_before.tty;

        stdio_before.is_tty = true;
        tty.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        tty.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
        if (!signals) {
            tty.c_lflag &= ~ISIG;
        }
        tty.c_cc[VMIN] = 1;
        tty.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &tty);
    }
    cfd->borrowed = true;
    char_fd_set(cfd, in_flags < 0 ? -1 : STDIN_FILENO, STDOUT_FILENO);
    chr->peer = true;
    return true;
}

void chardev_restore_terminal(void)
{
    if (stdio_before.is_tty) {
        tcsetattr(STDIN_FILENO, TCSANOW, &stdio_before.tty);
    }
}

static void stdio_close(Chardev *chr)
{
    CharFd *cfd = chr->state;

    if (!cfd->chr) {
        return;
    }
    char_fd_finish(cfd);
    chardev_restore_terminal();
    stdio_before.is_tty = false;
    if (stdio_before.in_flags >= 0) {
        fcntl(STDIN_FILENO, F_SETFL, stdio_before.in_flags);
    }
    fcntl(STDOUT_FILENO, F_SETFL, stdio_before.out_flags);
    stdio_before.used = false;
}

const ChardevKind chardev_stdio = {
    .name = "stdio",
    .help = "standard input and output: signal=on|off",
    .open = stdio_open,
    .close = stdio_close,
    .write = char_fd_write,
    .accept_input = char_fd_accept_input,
    .keys = (const char *const[]){"signal", NULL},
    .state_size = sizeof(CharFd),
};

/* ---------------------------------------------------------------------------- file, pipe -- */

static const char *required_path(Opts *opts, const char *kind, GError **errp)
{
    const char *path = opts_get(opts, "path");

    if (!path || !*path) {
        error_setg(errp, "chardev: %s: no filename given", kind);
        return NULL;
    }
    return path;
}

static bool file_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharFd *cfd = chr->state;
    const char *path = required_path(opts, "file", errp);
    bool append = false;
    int fd;

    if (!path || !opts_get_bool(opts, "append", &append, errp)) {
        return false;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) {
        error_setg(errp, "Unable to open file '%s': %s", path, g_strerror(errno));
        return false;
    }
    char_fd_init(cfd, chr);
    char_fd_set(cfd, -1, fd);
    chr->peer = true;
    return true;
}

static void fd_close(Chardev *chr)
{
    char_fd_finish(chr->state);
}

const ChardevKind chardev_file = {
    .name = "file",
    .help = "writes to a file: path=F[,append=on|off]",
    .open = file_open,
    .close = fd_close,
    .write = char_fd_write,
    .keys = (const char *const[]){"path", "append", NULL},
    .state_size = sizeof(CharFd),
};

/* Both ways at once, so that opening never waits for a peer, and a peer's end is no end of file. */
static int open_fifo(const char *path, const char *suffix)
{
    g_autofree char *name = g_strconcat(path, suffix, NULL);

    return open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

/* F.in and F.out are two FIFOs, or F is one that serves both ways. */
static bool pipe_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharFd *cfd = chr->state;
    const char *path = required_path(opts, "pipe", errp);
    int in, out;

    if (!path) {
        return false;
    }
    in = open_fifo(path, ".in");
    out = in >= 0 ? open_fifo(path, ".out") : -1;
    if (out < 0) {
        if (in >= 0) {
            close(in);
        }
        in = out = open_fifo(path, "");
        if (in < 0) {
            error_setg(errp, "Unable to open pipe '%s': %s (make it with mkfifo)", path,
                       g_strerror(errno));
            return false;
        }
    }
    char_fd_init(cfd, chr);
    char_fd_set(cfd, in, out);
    chr->peer = true;
    return true;
}

const ChardevKind chardev_pipe = {
    .name = "pipe",
    .help = "a FIFO, or a pair of them: path=F (F.in and F.out)",
    .open = pipe_open,
    .close = fd_close,
    .write = char_fd_write,
    .accept_input = char_fd_accept_input,
    .keys = (const char *const[]){"path", NULL},
    .state_size = sizeof(CharFd),
};

/* ----------------------------------------------------------------------------------- pty -- */

/* Nothing tells when somebody opens the other side: look once a second while nobody has. */
typedef struct CharPty {
    CharFd fd;
    guint timer;
} CharPty;

static bool pty_is_open(CharPty *pty)
{
    struct pollfd pfd = {.fd = pty->fd.in, .events = POLLOUT};

    return poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLHUP);
}

static gboolean pty_look(void *opaque)
{
    Chardev *chr = opaque;
    CharPty *pty = chr->state;

    if (!pty_is_open(pty)) {
        return G_SOURCE_CONTINUE;
    }
    pty->timer = 0;
    pty->fd.eof = false;
    chardev_set_peer(chr, true);
    char_fd_accept_input(chr);
    return G_SOURCE_REMOVE;
}

static void pty_hangup(Chardev *chr)
{
    CharPty *pty = chr->state;

    drop_source(&pty->fd.out_source);
    pty->fd.eof = true; /* until somebody opens it again */
    chardev_set_peer(chr, false);
    if (!pty->timer) {
        pty->timer = g_timeout_add_seconds(1, pty_look, chr);
    }
}

static bool pty_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharPty *pty = chr->state;
    struct termios tty;
    char name[64];
    int master, slave;

    if (openpty(&master, &slave, NULL, NULL, NULL) < 0) {
        error_setg(errp, "Failed to create PTY: %s", g_strerror(errno));
        return false;
    }
    if (tcgetattr(slave, &tty) == 0) {
        cfmakeraw(&tty);
        tcsetattr(slave, TCSAFLUSH, &tty);
    }
    close(slave);
    char_fd_init(&pty->fd, chr);
    char_fd_set(&pty->fd, master, master);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    if (ptsname_r(master, name, sizeof(name)) != 0) {
        error_setg(errp, "Failed to create PTY: its name can't be had");
        return false;
    }
    pty->fd.hangup = pty_hangup;
    g_free(chr->filename);
    chr->filename = g_strconcat("pty:", name, NULL);
    pty_hangup(chr);
    return true;
}

static void pty_close(Chardev *chr)
{
    CharPty *pty = chr->state;

    if (pty->timer) {
        g_source_remove(pty->timer);
    }
    fd_close(chr);
}

static ssize_t pty_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return chr->peer ? char_fd_write(chr, buf, len) : -1;
}

const ChardevKind chardev_pty = {
    .name = "pty",
    .help = "a new pseudo terminal, whose name is printed",
    .open = pty_open,
    .close = pty_close,
    .write = pty_write,
    .accept_input = char_fd_accept_input,
    .state_size = sizeof(CharPty),
};
