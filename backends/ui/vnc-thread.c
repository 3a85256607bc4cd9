/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvncserver, in a thread of its own. A module.
 *
 * The library reads a message to its end, and writes an update to its end, in calls that wait for
 * the viewer (up to CLIENT_WAIT_MS, and 5 s). So it never runs with the machine lock: what it needs
 * of the machine is copied under a small lock, and what viewers do goes to the main loop through a
 * queue. A viewer that stalls delays other viewers until it is thrown out, and never the machine.
 *
 * It is one thread for all, and not one for each viewer, because the library's list of security
 * types is the process', and has no lock. That list is also why `admitted` is checked here: while a
 * server with a password and one without are both shaking hands, the library would take "none" from
 * a viewer to which it was not offered.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <rfb/rfb.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "hw/core/log.h"
#include "vnc-library.h"

#define CLIENT_WAIT_MS 2000
#define HELLO_WAIT_MS  100  /* a WebSocket's viewer speaks first */
#define MAX_TOLD       1024 /* then the thread waits for the main loop */

struct VncScreen {
    const VncViewerOps *ops;
    char *name;
    bool wants_password, lossy;
    VncShare share;

    GMutex lock; /* for these; the last to be taken, and held for a copy */
    pixman_image_t *image;
    pixman_region32_t changed; /* of the image, and not yet in `shown` */
    char *password;
    gint64 password_ends;

    /* The thread's own. */
    rfbScreenInfoPtr rfb;
    pixman_image_t *shown; /* what the library sends */
    VncScreen *next;
};

/* The library's clientData. */
typedef struct Viewer {
    VncScreen *screen;
    void *opaque;
    bool admitted;    /* has given the password, or needs none */
    bool initialized; /* the main loop knows */
} Viewer;

typedef struct Order {
    VncScreen *screen;
    int fd;
    bool authenticated;
    void *opaque;
} Order;

typedef enum ToldType { TOLD_INITIALIZED, TOLD_KEY, TOLD_POINTER, TOLD_GONE } ToldType;

typedef struct Told {
    ToldType type;
    const VncViewerOps *ops;
    void *opaque;
    uint32_t keysym;
    unsigned buttons; /* or whether the key is down */
    int x, y, width, height;
} Told;

static VncScreen *screens; /* does not change while the thread lives */

static GThread *thread;
static int wake_fd = -1; /* for the thread: there are orders, a picture, or it is the end */
static int told_fd = -1; /* for the main loop */
static guint told_source;

static GMutex lock;    /* for these */
static GArray *orders; /* Order */
static GArray *told;   /* Told */
static GCond told_room;
static bool stopping;

static void signal_fd(int fd)
{
    eventfd_write(fd, 1); /* can't fail before 2^64 of them */
}

/* ------------------------------------------------------------- from the thread to the main loop */

static void tell(Told message)
{
    g_mutex_lock(&lock);
    while (told->len >= MAX_TOLD && !stopping) {
        g_cond_wait(&told_room, &lock);
    }
    g_array_append_val(told, message);
    g_mutex_unlock(&lock);
    signal_fd(told_fd);
}

static Told message_of(const Viewer *viewer, ToldType type)
{
    return (Told){.type = type, .ops = viewer->screen->ops, .opaque = viewer->opaque};
}

static void dispatch(void)
{
    g_autoptr(GArray) messages = g_array_new(FALSE, FALSE, sizeof(Told));

    g_mutex_lock(&lock);
    g_array_append_vals(messages, told->data, told->len);
    g_array_set_size(told, 0);
    g_cond_signal(&told_room);
    g_mutex_unlock(&lock);
    for (guint i = 0; i < messages->len; i++) {
        const Told *m = &g_array_index(messages, Told, i);

        switch (m->type) {
        case TOLD_INITIALIZED:
            m->ops->initialized(m->opaque);
            break;
        case TOLD_KEY:
            m->ops->key(m->opaque, m->keysym, m->buttons);
            break;
        case TOLD_POINTER:
            m->ops->pointer(m->opaque, m->x, m->y, m->width, m->height, m->buttons);
            break;
        case TOLD_GONE:
            m->ops->gone(m->opaque);
            break;
        }
    }
}

static gboolean on_told(int fd, GIOCondition condition, gpointer opaque)
{
    eventfd_t n;

    eventfd_read(fd, &n);
    dispatch();
    return G_SOURCE_CONTINUE;
}

/* ------------------------------------------------------------------- what the library calls -- */

static bool is_admitted(rfbClientPtr cl)
{
    return ((Viewer *)cl->clientData)->admitted;
}

static void on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr cl)
{
    if (is_admitted(cl)) {
        Told message = message_of(cl->clientData, TOLD_KEY);

        message.keysym = keysym;
        message.buttons = down;
        tell(message);
    }
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr cl)
{
    if (is_admitted(cl)) {
        Told message = message_of(cl->clientData, TOLD_POINTER);

        message.x = x;
        message.y = y;
        message.width = cl->screen->width;
        message.height = cl->screen->height;
        message.buttons = buttons;
        tell(message);
    }
}

static void on_gone(rfbClientPtr cl)
{
    tell(message_of(cl->clientData, TOLD_GONE));
    g_clear_pointer(&cl->clientData, g_free);
    free(cl->wsctx); /* 0.9.14 forgets it */
    cl->wsctx = NULL;
}

static rfbBool check_password(rfbClientPtr cl, const char *response, int len)
{
    Viewer *viewer = cl->clientData;
    VncScreen *screen = viewer->screen;
    g_autofree char *password = NULL;
    uint8_t expected[CHALLENGESIZE], differs = 0;

    g_mutex_lock(&screen->lock);
    if (g_get_real_time() / G_USEC_PER_SEC < screen->password_ends) {
        password = g_strdup(screen->password);
    }
    g_mutex_unlock(&screen->lock);
    if (!password || !*password || len != sizeof(expected)) {
        return FALSE;
    }
    memcpy(expected, cl->authChallenge, sizeof(expected));
    rfbEncryptBytes(expected, password);
    for (int i = 0; i < len; i++) {
        differs |= expected[i] ^ (uint8_t)response[i];
    }
    viewer->admitted = !differs;
    return viewer->admitted;
}

/*
 * Two formats in which 0.9.14 encodes ZRLE as no viewer decodes it: colours in the upper three
 * bytes, little endian, and 15 bits, big endian.
 */
static bool is_zrle_good(const rfbPixelFormat *format)
{
    if (format->bitsPerPixel == 32) {
        return format->bigEndian ||
               MIN(MIN(format->redShift, format->greenShift), format->blueShift) < 8;
    }
    return format->bitsPerPixel == 8 || !format->bigEndian || format->greenMax > 31;
}

/* Before each update: what the viewer asks for, and does not get. */
static void on_update(rfbClientPtr cl)
{
    if (!((Viewer *)cl->clientData)->screen->lossy) {
        cl->tightQualityLevel = -1;
        cl->turboQualityLevel = -1;
        if (cl->preferredEncoding == rfbEncodingZYWRLE) {
            cl->preferredEncoding = rfbEncodingZRLE;
        }
    }
    if (cl->preferredEncoding == rfbEncodingZRLE && !is_zrle_good(&cl->format)) {
        cl->preferredEncoding = rfbEncodingRaw;
    }
    /* The guest draws its own pointer; without a shape from us a viewer shows its own, too. */
    cl->enableCursorShapeUpdates = FALSE;
}

/*
 * Who is past the handshake without a password that is needed goes; and who wants the picture
 * scaled: the library's scaled copies do not follow when the picture gets another size.
 */
static void check_viewer(rfbClientPtr cl)
{
    Viewer *viewer = cl->clientData;

    if (cl->state >= RFB_INITIALISATION && !viewer->admitted) {
        rfbCloseClient(cl);
    } else if (cl->scaledScreen != cl->screen) {
        rfbCloseClient(cl);
    } else if (cl->state == RFB_NORMAL && !viewer->initialized) {
        viewer->initialized = true;
        tell(message_of(viewer, TOLD_INITIALIZED));
    }
}

static void on_request(rfbClientPtr cl, rfbFramebufferUpdateRequestMsg *request)
{
    check_viewer(cl);
}

static void G_GNUC_PRINTF(1, 2) on_log(const char *format, ...)
{
    if (log_enabled(LOG_VNC)) {
        va_list args;
        g_autofree char *text = NULL;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        log_line(LOG_VNC, "%s", g_strchomp(text));
    }
}

/* ------------------------------------------------------------------------- the thread: pictures */

/* x8r8g8b8; the library makes it another format with each new frame buffer. */
static void set_format(rfbScreenInfoPtr rfb)
{
    rfb->depth = rfb->serverFormat.depth = 24;
    rfb->serverFormat.redShift = 16;
    rfb->serverFormat.greenShift = 8;
    rfb->serverFormat.blueShift = 0;
    for (rfbClientPtr cl = rfb->clientHead; cl; cl = cl->next) {
        rfb->setTranslateFunction(cl);
    }
}

static void open_screen(VncScreen *screen, int width, int height)
{
    static char no_file[] = "";
    rfbScreenInfoPtr rfb = rfbGetScreen(NULL, NULL, width, height, 8, 3, 4);

    screen->rfb = rfb;
    rfb->screenData = screen;
    rfb->desktopName = screen->name;
    rfb->port = rfb->ipv6port = 0; /* listening is not its task, nor serving files */
    rfb->httpDir = NULL;
    rfb->permitFileTransfer = FALSE;
    rfb->ignoreSIGPIPE = FALSE;                   /* of the process; main() has done it */
    rfb->sslcertfile = rfb->sslkeyfile = no_file; /* read when a viewer wants TLS: it fails */
    rfb->maxClientWait = CLIENT_WAIT_MS;
    rfb->deferUpdateTime = rfb->deferPtrUpdateTime = 0;
    rfb->cursor = NULL;
    rfb->alwaysShared = screen->share == VNC_IGNORE_EXCLUSIVE;
    rfb->dontDisconnect = screen->share == VNC_FORCE_SHARED;
    rfb->authPasswdData = screen->wants_password ? screen : NULL; /* it only asks for NULL or not */
    rfb->passwordCheck = check_password;
    rfb->kbdAddEvent = on_key;
    rfb->ptrAddEvent = on_pointer;
    rfb->displayHook = on_update;
    set_format(rfb);
    rfbInitServer(rfb);
}

static void drop_scaled(rfbScreenInfoPtr rfb)
{
    for (rfbClientPtr cl = rfb->clientHead; cl; cl = cl->next) {
        cl->scaledScreen = rfb;
    }
    while (rfb->scaledScreenNext) {
        rfbScreenInfoPtr scaled = rfb->scaledScreenNext;

        rfb->scaledScreenNext = scaled->scaledScreenNext;
        free(scaled->frameBuffer);
        free(scaled);
    }
}

static pixman_image_t *new_image(int width, int height)
{
    return pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);
}

static bool same_size(pixman_image_t *a, pixman_image_t *b)
{
    return a && pixman_image_get_width(a) == pixman_image_get_width(b) &&
           pixman_image_get_height(a) == pixman_image_get_height(b);
}

static void copy_region(pixman_image_t *from, pixman_image_t *to, pixman_region32_t *region)
{
    int n;
    const pixman_box32_t *box = pixman_region32_rectangles(region, &n);

    for (; n > 0; n--, box++) {
        pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, box->x1, box->y1, 0, 0, box->x1,
                                 box->y1, box->x2 - box->x1, box->y2 - box->y1);
    }
}

/* Show what the main thread has left. */
static void take_picture(VncScreen *screen)
{
    pixman_region32_t changed;
    pixman_image_t *old = NULL;
    const pixman_box32_t *box;
    int n;

    g_mutex_lock(&screen->lock);
    changed = screen->changed;
    pixman_region32_init(&screen->changed);
    if (!same_size(screen->shown, screen->image)) {
        old = screen->shown;
        screen->shown = new_image(pixman_image_get_width(screen->image),
                                  pixman_image_get_height(screen->image));
    }
    copy_region(screen->image, screen->shown, &changed);
    g_mutex_unlock(&screen->lock);

    if (!screen->rfb) {
        open_screen(screen, pixman_image_get_width(screen->shown),
                    pixman_image_get_height(screen->shown));
    }
    if (screen->rfb->frameBuffer != (char *)pixman_image_get_data(screen->shown)) {
        drop_scaled(screen->rfb);
        rfbNewFramebuffer(screen->rfb, (char *)pixman_image_get_data(screen->shown),
                          pixman_image_get_width(screen->shown),
                          pixman_image_get_height(screen->shown), 8, 3, 4);
        set_format(screen->rfb);
    }
    box = pixman_region32_rectangles(&changed, &n);
    for (; n > 0; n--, box++) {
        rfbMarkRectAsModified(screen->rfb, box->x1, box->y1, box->x2, box->y2);
    }
    pixman_region32_fini(&changed);
    g_clear_pointer(&old, pixman_image_unref);
}

/* -------------------------------------------------------------------------- the thread: viewers */

/*
 * rfbNewClient() looks at the first four bytes for a WebSocket, and spins for ever if fewer come.
 * So it gets a socket that has four: the viewer's, or, of one that says nothing, another in its
 * place.
 */
static rfbClientPtr new_client(rfbScreenInfoPtr rfb, int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char bytes[sz_rfbProtocolVersionMsg];
    rfbClientPtr cl = NULL;
    int pair[2], one = 1;

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails on a unix socket: good */
    if (poll(&readable, 1, HELLO_WAIT_MS) > 0) {
        if (recv(fd, bytes, 4, MSG_PEEK | MSG_DONTWAIT) == 4) {
            return rfbNewClient(rfb, fd);
        }
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
        if (pair[0] < FD_SETSIZE && write(pair[1], "RFB ", 4) == 4) {
            cl = rfbNewClient(rfb, pair[0]); /* closes it when it fails */
        } else {
            close(pair[0]);
        }
        if (cl &&
            (read(pair[1], bytes, sizeof(bytes)) != sizeof(bytes) ||
             dup3(fd, cl->sock, O_CLOEXEC) < 0 || rfbWriteExact(cl, bytes, sizeof(bytes)) < 0)) {
            rfbCloseClient(cl);
        }
        close(pair[1]);
    }
    close(fd);
    return cl;
}

static void take_viewer(const Order *order)
{
    Viewer *viewer = g_new0(Viewer, 1);
    rfbClientPtr cl = NULL;

    viewer->screen = order->screen;
    viewer->opaque = order->opaque;
    viewer->admitted = order->authenticated || !order->screen->wants_password;
    take_picture(order->screen);  /* it may be told the size at once */
    if (order->fd < FD_SETSIZE) { /* the library uses select() */
        cl = new_client(order->screen->rfb, order->fd);
    } else {
        close(order->fd);
    }
    if (!cl) {
        tell(message_of(viewer, TOLD_GONE));
        g_free(viewer);
        return;
    }
    cl->clientData = viewer;
    cl->clientGoneHook = on_gone;
    cl->clientFramebufferUpdateRequestHook = on_request;
    cl->reverseConnection = order->authenticated; /* who calls back is not asked for a password */
}

/* False: it is the end. */
static bool take_orders(void)
{
    g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(Order));
    bool end;

    g_mutex_lock(&lock);
    g_array_append_vals(taken, orders->data, orders->len);
    g_array_set_size(orders, 0);
    end = stopping;
    g_mutex_unlock(&lock);
    for (guint i = 0; i < taken->len; i++) {
        take_viewer(&g_array_index(taken, Order, i));
    }
    return !end;
}

/* Whether one is closed, and waits for the library to clear it away. */
static bool check_viewers(VncScreen *screen)
{
    bool closed = false;

    for (rfbClientPtr cl = screen->rfb->clientHead; cl; cl = cl->next) {
        if (cl->sock != RFB_INVALID_SOCKET) {
            check_viewer(cl);
        }
        closed |= cl->sock == RFB_INVALID_SOCKET;
    }
    return closed;
}

static void wait_for_work(void)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    struct pollfd fd = {.fd = wake_fd, .events = POLLIN};
    eventfd_t n;

    g_array_append_val(fds, fd);
    for (VncScreen *screen = screens; screen; screen = screen->next) {
        for (rfbClientPtr cl = screen->rfb ? screen->rfb->clientHead : NULL; cl; cl = cl->next) {
            fd.fd = cl->sock;
            g_array_append_val(fds, fd);
        }
    }
    poll((struct pollfd *)fds->data, fds->len, -1);
    eventfd_read(wake_fd, &n);
}

static gpointer run(gpointer unused)
{
    sigset_t set;

    sigfillset(&set); /* the main thread's; but what the hardware finds is ours */
    sigdelset(&set, SIGSEGV);
    sigdelset(&set, SIGBUS);
    sigdelset(&set, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    while (take_orders()) {
        bool closed = false;

        for (VncScreen *screen = screens; screen; screen = screen->next) {
            if (screen->rfb) {
                take_picture(screen);
                rfbProcessEvents(screen->rfb, 0);
                closed |= check_viewers(screen);
            }
        }
        if (!closed) {
            wait_for_work();
        }
    }
    for (VncScreen *screen = screens; screen; screen = screen->next) {
        if (screen->rfb) {
            rfbShutdownServer(screen->rfb, TRUE);
            rfbScreenCleanup(screen->rfb);
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------- what the main thread calls --
 */

static bool open_fds(void)
{
    if (wake_fd < 0) {
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (told_fd < 0) {
        told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    return wake_fd >= 0 && told_fd >= 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static VncScreen *screen_new(const char *name, bool wants_password, bool lossy, VncShare share,
                             const VncViewerOps *ops)
{
    VncScreen *screen;

    if (!open_fds()) {
        return NULL;
    }
    screen = g_new0(VncScreen, 1);
    screen->name = g_strdup(name);
    screen->wants_password = wants_password;
    screen->lossy = lossy;
    screen->share = share;
    screen->ops = ops;
    g_mutex_init(&screen->lock);
    pixman_region32_init(&screen->changed);
    screen->next = screens;
    screens = screen;
    return screen;
}

static void show(VncScreen *screen, pixman_image_t *image, pixman_region32_t *changed)
{
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);
    pixman_region32_t all;

    pixman_region32_init_rect(&all, 0, 0, width, height);
    g_mutex_lock(&screen->lock);
    if (!same_size(screen->image, image)) {
        g_clear_pointer(&screen->image, pixman_image_unref);
        screen->image = new_image(width, height);
        changed = NULL;
    }
    pixman_region32_union(&screen->changed, &screen->changed, changed ? changed : &all);
    pixman_region32_intersect(&screen->changed, &screen->changed, &all);
    copy_region(image, screen->image, changed ? changed : &all);
    g_mutex_unlock(&screen->lock);
    pixman_region32_fini(&all);
    if (thread) {
        signal_fd(wake_fd);
    }
}

static void set_password(VncScreen *screen, const char *password, gint64 ends)
{
    g_mutex_lock(&screen->lock);
    g_free(screen->password);
    screen->password = g_strdup(password);
    screen->password_ends = ends;
    g_mutex_unlock(&screen->lock);
}

/* With the first viewer, so after -daemonize has forked. */
static void start(void)
{
    rfbLog = rfbErr = on_log;
    orders = g_array_new(FALSE, FALSE, sizeof(Order));
    told = g_array_new(FALSE, FALSE, sizeof(Told));
    told_source = g_unix_fd_add(told_fd, G_IO_IN, on_told, NULL);
    thread = g_thread_new("vnc", run, NULL);
}

static void add_viewer(VncScreen *screen, int fd, bool authenticated, void *opaque)
{
    Order order = {screen, fd, authenticated, opaque};

    if (!thread) {
        start();
    }
    g_mutex_lock(&lock);
    g_array_append_val(orders, order);
    g_mutex_unlock(&lock);
    signal_fd(wake_fd);
}

static void stop_thread(void)
{
    g_mutex_lock(&lock);
    stopping = true;
    g_cond_signal(&told_room);
    g_mutex_unlock(&lock);
    signal_fd(wake_fd);
    g_thread_join(thread);
    thread = NULL;
    dispatch();
    g_source_remove(told_source);
    g_array_unref(orders);
    g_array_unref(told);
    stopping = false;
}

static void stop(void)
{
    VncScreen *screen;

    if (thread) {
        stop_thread();
    }
    close_fd(&wake_fd);
    close_fd(&told_fd);
    while ((screen = screens)) {
        screens = screen->next;
        g_clear_pointer(&screen->image, pixman_image_unref);
        g_clear_pointer(&screen->shown, pixman_image_unref);
        pixman_region32_fini(&screen->changed);
        g_mutex_clear(&screen->lock);
        g_free(screen->password);
        g_free(screen->name);
        g_free(screen);
    }
}

const VncLibrary lignite_vnc = {.screen_new = screen_new,
                                .show = show,
                                .set_password = set_password,
                                .add_viewer = add_viewer,
                                .stop = stop};
