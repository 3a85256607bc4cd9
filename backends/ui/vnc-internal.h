/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the VNC server share.
 *
 *   vnc.c          the servers: addresses, options, passwords, who is connected
 *   vnc-client.c   one viewer: its socket, and the updates that it gets
 *   vnc-protocol.c what it says: the RFB protocol as a state machine over bytes that came
 *   vnc-encode.c   pixels in the viewer's format, and the encodings of rectangles
 *   vnc-websock.c  RFC 6455, between the socket and the protocol
 *   vnc-auth.c     DES, for the password's challenge
 */
#ifndef LIGNITE_BACKENDS_UI_VNC_INTERNAL_H
#define LIGNITE_BACKENDS_UI_VNC_INTERNAL_H

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <zlib.h>

#include "backends/ui/vnc.h"

/* ------------------------------------------------------------------------------- vnc-auth.c -- */

#define VNC_CHALLENGE_SIZE 16

/* One block of DES in the electronic code book mode (FIPS 46-3). */
void des_encrypt(const uint8_t key[8], const uint8_t in[8], uint8_t out[8]);

/* What a viewer that knows the password answers: its first eight bytes are the key, mirrored. */
void vnc_auth_response(const char *password, const uint8_t challenge[VNC_CHALLENGE_SIZE],
                       uint8_t response[VNC_CHALLENGE_SIZE]);

/* ----------------------------------------------------------------------------- vnc-encode.c -- */

#define VNC_ENCODING_RAW                   0
#define VNC_ENCODING_TIGHT                 7
#define VNC_ENCODING_ZRLE                  16
#define VNC_ENCODING_DESKTOP_SIZE          (-223)
#define VNC_ENCODING_COMPRESS_LEVEL_0      (-256)
#define VNC_ENCODING_COMPRESS_LEVEL_9      (-247)
#define VNC_ENCODING_POINTER_TYPE_CHANGE   (-257)
#define VNC_ENCODING_EXT_KEY_EVENT         (-258)
#define VNC_ENCODING_EXTENDED_DESKTOP_SIZE (-308)

#define VNC_PIXEL_FORMAT_SIZE 16

/* A pixel format of a viewer, with tables from 8 bits of each colour to its place in the pixel. */
typedef struct VncPixels {
    unsigned bytes; /* a pixel: 1, 2 or 4 */
    bool big_endian;
    bool native;          /* as pictures here are: 0x00RRGGBB, little endian */
    bool colour_map;      /* pixels are indexes of vnc_pixels_colour_map() */
    unsigned tight_bytes; /* of a TPIXEL: 3 where the format allows it, else `bytes` */
    unsigned zrle_bytes;  /* of a CPIXEL */
    unsigned zrle_skip;   /* the byte of the pixel, lowest first, at which a CPIXEL begins */
    uint8_t shift[3];
    uint32_t table[3][256];
} VncPixels;

/* The format of pictures here, which a viewer gets unless it asks for another. */
void vnc_pixels_init(VncPixels *pixels, uint8_t wire[VNC_PIXEL_FORMAT_SIZE]);

/* Take a PIXEL_FORMAT as it came; false, and no change, for one that can't be. */
bool vnc_pixels_set(VncPixels *pixels, const uint8_t wire[VNC_PIXEL_FORMAT_SIZE]);

/* The 256 colours of a viewer without true colour: 16 bits each of red, green, blue. */
void vnc_pixels_colour_map(uint16_t colours[256][3]);

#define VNC_TIGHT_STREAMS 3

/* How a viewer gets its rectangles. */
typedef struct VncEncoder {
    int encoding; /* VNC_ENCODING_RAW, _TIGHT or _ZRLE */
    int level;    /* of zlib */
    VncPixels pixels;
    z_stream streams[VNC_TIGHT_STREAMS + 1]; /* the last is ZRLE's */
    bool open[VNC_TIGHT_STREAMS + 1];
} VncEncoder;

void vnc_encoder_clear(VncEncoder *encoder);

/*
 * Append rectangles that show the given part of `image`; what lies outside of it is black. Returns
 * how many they are.
 */
unsigned vnc_encode(VncEncoder *encoder, pixman_image_t *image, int x, int y, int width, int height,
                    GByteArray *out);

void vnc_put_u16(GByteArray *out, uint16_t value);
void vnc_put_u32(GByteArray *out, uint32_t value);
void vnc_put_rect(GByteArray *out, int x, int y, int width, int height, int32_t encoding);

/* ---------------------------------------------------------------------------- vnc-websock.c -- */

typedef struct VncWebsock VncWebsock;

VncWebsock *vnc_websock_new(void);
void vnc_websock_free(VncWebsock *ws);

/*
 * Take bytes from the peer: payload goes to `payload`, what must be answered at once (the
 * handshake, pongs, the close) to `reply`. False when the connection has to end, after `reply`.
 */
bool vnc_websock_input(VncWebsock *ws, const uint8_t *data, size_t len, GByteArray *payload,
                       GByteArray *reply);

/* Whether the handshake is over. */
bool vnc_websock_is_open(const VncWebsock *ws);

/* Append `data` as one frame. */
void vnc_websock_frame(const void *data, size_t len, GByteArray *out);

/* -------------------------------------------------------------- vnc-client.c, vnc-protocol.c -- */

typedef struct VncServer VncServer;
typedef struct VncClient VncClient;

/* Takes over `fd`. With `authenticated`, no password is asked for. */
VncClient *vnc_client_new(VncServer *server, int fd, bool websocket, bool authenticated);
void vnc_client_start(VncClient *client); /* the first bytes go out; may free it */
void vnc_client_free(VncClient *client);  /* tells the server first: vnc_server_lost() */

const VncPeer *vnc_client_peer(const VncClient *client);
bool vnc_client_is_initialized(const VncClient *client); /* is past the handshake */

/* The picture was replaced, or changed in a place, or was looked at. */
void vnc_client_resize(VncClient *client);
void vnc_client_changed(VncClient *client, int x, int y, int width, int height);
void vnc_client_refreshed(VncClient *client); /* may free it */

/* ------------------------------------------------------------------------------------ vnc.c -- */

/* What a client asks its server. */
pixman_image_t *vnc_server_image(VncServer *server);
const char *vnc_server_name(VncServer *server); /* of the desktop */
bool vnc_server_wants_password(VncServer *server);
const char *vnc_server_password(VncServer *server); /* NULL: nobody may come in */

/* The handshake is over; `shared` is what the viewer asks for. False: it may not stay. */
bool vnc_server_admit(VncServer *server, VncClient *client, bool shared);
void vnc_server_lost(VncServer *server, VncClient *client);

/* A viewer waits for a picture, or used a key. */
void vnc_server_wake(VncServer *server);

#endif
