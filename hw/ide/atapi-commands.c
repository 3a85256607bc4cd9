/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of an ATAPI CD and DVD drive. Document: MMC-4 (T10 1545D), SPC-3 for the common ones.
 *
 * A medium is one session with one data track; above the size of a CD it is a DVD-ROM. Not
 * modelled: writing, audio, subchannels other than an empty one, region codes.
 */
#include <string.h>

#include "hw/core/log.h"
#include "internal.h"

enum {
    GPCMD_TEST_UNIT_READY = 0x00,
    GPCMD_REQUEST_SENSE = 0x03,
    GPCMD_INQUIRY = 0x12,
    GPCMD_START_STOP_UNIT = 0x1b,
    GPCMD_PREVENT_ALLOW = 0x1e,
    GPCMD_READ_FORMAT_CAPACITIES = 0x23,
    GPCMD_READ_CAPACITY = 0x25,
    GPCMD_READ_10 = 0x28,
    GPCMD_SEEK_10 = 0x2b,
    GPCMD_SYNCHRONIZE_CACHE = 0x35,
    GPCMD_READ_TOC = 0x43,
    GPCMD_GET_CONFIGURATION = 0x46,
    GPCMD_GET_EVENT_STATUS = 0x4a,
    GPCMD_READ_DISC_INFORMATION = 0x51,
    GPCMD_MODE_SENSE_10 = 0x5a,
    GPCMD_READ_12 = 0xa8,
    GPCMD_READ_DVD_STRUCTURE = 0xad,
    GPCMD_SET_SPEED = 0xbb,
    GPCMD_MECHANISM_STATUS = 0xbd,
    GPCMD_READ_CD = 0xbe,
};

#define CD_MAX_SECTORS     (80 * 60 * 75) /* of a CD of 80 minutes */
#define PROFILE_CD_ROM     0x0008
#define PROFILE_DVD_ROM    0x0010
#define DVD_PHYSICAL_START 0x30000

static uint16_t get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t val)
{
    p[0] = val >> 8;
    p[1] = val;
}

static void put24(uint8_t *p, uint32_t val)
{
    p[0] = val >> 16;
    put16(p + 1, val);
}

static void put32(uint8_t *p, uint32_t val)
{
    put16(p, val >> 16);
    put16(p + 2, val);
}

static void put_text(uint8_t *p, unsigned len, const char *text)
{
    size_t n = strlen(text);

    for (unsigned i = 0; i < len; i++) {
        p[i] = i < n ? text[i] : ' ';
    }
}

/* A sector's address as minute, second, frame, or as a number. */
static void put_address(uint8_t *p, uint32_t lba, bool msf)
{
    if (!msf) {
        put32(p, lba);
        return;
    }
    uint32_t frame = lba + 150;
    p[0] = 0;
    p[1] = MIN(frame / 75 / 60, 255);
    p[2] = frame / 75 % 60;
    p[3] = frame % 75;
}

static bool is_dvd(const AtapiDrive *cd)
{
    return atapi_sectors(cd) > CD_MAX_SECTORS;
}

static void invalid_field(AtapiDrive *cd)
{
    atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
}

/* The reply is made in the buffer; whatever it doesn't set is zero. */
static uint8_t *reply_buffer(AtapiDrive *cd)
{
    memset(cd->ide.buf, 0, 4096);
    return cd->ide.buf;
}

/* ------------------------------------------------------------------------- drive and medium -- */

static void cmd_test_unit_ready(AtapiDrive *cd)
{
    atapi_done(cd);
}

static void cmd_request_sense(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);

    if (cd->unit_attention && cd->sense_key == SENSE_NONE) {
        cd->unit_attention = false;
        cd->sense_key = SENSE_UNIT_ATTENTION;
        cd->asc = ASC_MEDIUM_CHANGED >> 8;
        cd->ascq = 0;
    }
    r[0] = 0x70; /* current error, fixed format */
    r[2] = cd->sense_key;
    r[7] = 10; /* bytes that follow */
    r[12] = cd->asc;
    r[13] = cd->ascq;
    atapi_reply(cd, 18, cd->cdb[4]);
}

static void cmd_inquiry(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);

    if (cd->cdb[1] & 0x01) { /* vital product data */
        switch (cd->cdb[2]) {
        case 0x00:
            r[0] = 0x05;
            r[3] = 2;
            r[4] = 0x00; /* these pages */
            r[5] = 0x80;
            atapi_reply(cd, 6, get16(cd->cdb + 3));
            return;
        case 0x80: /* unit serial number */
            r[0] = 0x05;
            r[1] = 0x80;
            r[3] = 20;
            put_text(r + 4, 20, cd->ide.serial);
            atapi_reply(cd, 24, get16(cd->cdb + 3));
            return;
        }
        invalid_field(cd);
        return;
    }
    if (cd->cdb[2]) {
        invalid_field(cd);
        return;
    }
    r[0] = 0x05; /* a CD or DVD drive */
    r[1] = 0x80; /* removable medium */
    r[3] = 0x21; /* of ATAPI, in this format */
    r[4] = 31;   /* bytes that follow */
    put_text(r + 8, 8, "LIGNITE");
    put_text(r + 16, 16, cd->ide.model);
    put_text(r + 32, 4, cd->ide.version);
    atapi_reply(cd, 36, get16(cd->cdb + 3));
}

static void cmd_start_stop_unit(AtapiDrive *cd)
{
    bool start = cd->cdb[4] & 1, load_eject = cd->cdb[4] & 2;

    if (!load_eject || cd->cdb[4] >> 4) {
        atapi_done(cd); /* spinning up or down, power conditions: nothing to see */
    } else if (!start && cd->locked) {
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED);
    } else {
        atapi_move_tray(cd, !start);
        atapi_done(cd);
    }
}

static void cmd_prevent_allow(AtapiDrive *cd)
{
    cd->locked = cd->cdb[4] & 1;
    if (cd->ide.blk) {
        block_set_locked(cd->ide.blk, cd->locked);
    }
    atapi_done(cd);
}

static void cmd_mechanism_status(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);

    r[1] = atapi_tray_is_open(cd) ? 0x10 : 0;
    r[5] = 1; /* slots */
    atapi_reply(cd, 8, get16(cd->cdb + 8));
}

static void cmd_set_speed(AtapiDrive *cd)
{
    atapi_done(cd);
}

static void cmd_get_event_status(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);
    unsigned len = 4;

    if (!(cd->cdb[1] & 1)) { /* asynchronous notification */
        invalid_field(cd);
        return;
    }
    r[3] = 0x10; /* the supported classes: media */
    if (cd->cdb[4] & 0x10) {
        r[2] = 4;
        r[4] = cd->event;
        r[5] = (atapi_tray_is_open(cd) ? 1 : 0) | (atapi_has_medium(cd) ? 2 : 0);
        len = 8;
        cd->event = 0;
    } else {
        r[2] = 0x80; /* none of the asked classes */
    }
    put16(r, len - 2);
    atapi_reply(cd, len, get16(cd->cdb + 7));
}

/* -------------------------------------------------------------------------------- features -- */

static void cmd_get_configuration(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);
    unsigned request = cd->cdb[1] & 3, start = get16(cd->cdb + 2), len = 8;
    uint16_t profile = !atapi_has_medium(cd) ? 0 : is_dvd(cd) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
    bool medium = profile != 0;
    /* feature, bit 0 of its flags: current; bit 1: persistent */
    const struct {
        uint16_t code;
        bool current, persistent;
        uint8_t version, len;
        uint8_t data[8];
    } features[] = {
        {0x0000,
         true,
         true,
         0,
         8, /* profiles */
         {0, PROFILE_DVD_ROM, profile == PROFILE_DVD_ROM, 0, 0, PROFILE_CD_ROM,
          profile == PROFILE_CD_ROM, 0}},
        {0x0001, true, true, 1, 8, {0, 0, 0, 2, 1}},             /* core: ATAPI */
        {0x0002, true, true, 1, 4, {0}},                         /* morphing */
        {0x0003, true, true, 0, 4, {0x29}},                      /* removable: tray, eject, lock */
        {0x0010, medium, false, 0, 8, {0, 0, 8, 0, 0, 1, 0, 0}}, /* random read, 2048 bytes */
        {0x001e, profile == PROFILE_CD_ROM, false, 0, 4, {0}},   /* CD read */
        {0x001f, profile == PROFILE_DVD_ROM, false, 0, 4, {0}},  /* DVD read */
    };

    if (request == 3) {
        invalid_field(cd);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        bool wanted = request == 2
                          ? features[i].code == start
                          : features[i].code >= start && (request == 0 || features[i].current);
        if (!wanted) {
            continue;
        }
        put16(r + len, features[i].code);
        r[len + 2] = features[i].version << 2 | features[i].persistent << 1 | features[i].current;
        r[len + 3] = features[i].len;
        memcpy(r + len + 4, features[i].data, features[i].len);
        len += 4 + features[i].len;
    }
    put32(r, len - 4);
    put16(r + 6, profile);
    atapi_reply(cd, len, get16(cd->cdb + 7));
}

/* The mode pages, with their two first bytes; their values can't be changed. */
static unsigned put_mode_page(const AtapiDrive *cd, uint8_t *p, unsigned page, bool changeable)
{
    switch (page) {
    case 0x01: /* read error recovery */
        p[1] = 6;
        p[3] = changeable ? 0 : 5; /* retries */
        break;
    case 0x0e: /* audio control */
        p[1] = 14;
        break;
    case 0x2a: /* capabilities */
        p[1] = 20;
        if (changeable) {
            break;
        }
        p[2] = 0x3b;                        /* reads CD-R, CD-RW, DVD-ROM, DVD-R, DVD-RAM */
        p[4] = 0x70;                        /* mode 2 forms, multisession */
        p[6] = 0x29 | (cd->locked ? 2 : 0); /* lock, eject, tray */
        put16(p + 8, 706);                  /* highest speed, kB/s: 4 times a CD's */
        put16(p + 12, 512);                 /* buffer, KiB */
        put16(p + 14, 706);
        break;
    default:
        return 0;
    }
    p[0] = page;
    return p[1] + 2;
}

static void cmd_mode_sense_10(AtapiDrive *cd)
{
    static const uint8_t pages[] = {0x01, 0x0e, 0x2a};
    uint8_t *r = reply_buffer(cd);
    unsigned control = cd->cdb[2] >> 6, page = cd->cdb[2] & 0x3f, len = 8;

    if (control == 3) { /* saved values */
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_SAVING_NOT_SUPPORTED);
        return;
    }
    for (unsigned i = 0; i < sizeof(pages); i++) {
        if (page == 0x3f || page == pages[i]) {
            len += put_mode_page(cd, r + len, pages[i], control == 1);
        }
    }
    if (len == 8) {
        invalid_field(cd);
        return;
    }
    put16(r, len - 2);
    r[2] = atapi_tray_is_open(cd) ? 0x71 : atapi_has_medium(cd) ? 0x01 : 0x70;
    atapi_reply(cd, len, get16(cd->cdb + 7));
}

/* ------------------------------------------------------------------------ about the medium -- */

static void cmd_read_capacity(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);
    uint64_t sectors = atapi_sectors(cd);

    put32(r, sectors ? MIN(sectors - 1, UINT32_MAX) : 0);
    put32(r + 4, ATAPI_SECTOR_SIZE);
    atapi_reply(cd, 8, 8);
}

static void cmd_read_format_capacities(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);

    r[3] = 8;
    put32(r + 4, MIN(atapi_sectors(cd), UINT32_MAX));
    r[8] = 2; /* formatted medium */
    put24(r + 9, ATAPI_SECTOR_SIZE);
    atapi_reply(cd, 12, get16(cd->cdb + 7));
}

/* Track 1 and the lead-out, as descriptors of eight bytes. */
static unsigned put_toc(const AtapiDrive *cd, uint8_t *r, unsigned first, bool msf)
{
    unsigned len = 4;

    r[2] = r[3] = 1; /* first and last track */
    if (first <= 1) {
        r[len + 1] = 0x14; /* data track */
        r[len + 2] = 1;
        put_address(r + len + 4, 0, msf);
        len += 8;
    }
    r[len + 1] = 0x16;
    r[len + 2] = 0xaa; /* lead-out */
    put_address(r + len + 4, atapi_sectors(cd), msf);
    return len + 8;
}

static unsigned put_session(uint8_t *r, bool msf)
{
    r[2] = r[3] = 1;
    r[5] = 0x14;
    r[6] = 1;
    put_address(r + 8, 0, msf);
    return 12;
}

/* The raw table: points A0, A1, A2 and track 1. */
static unsigned put_raw_toc(const AtapiDrive *cd, uint8_t *r)
{
    static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};
    unsigned len = 4;

    r[2] = r[3] = 1;
    for (unsigned i = 0; i < sizeof(points); i++, len += 11) {
        uint8_t *p = r + len;
        p[0] = 1; /* session */
        p[1] = 0x14;
        p[3] = points[i];
        if (points[i] == 0xa0 || points[i] == 0xa1) {
            p[8] = 1; /* first, last track */
        } else {
            uint8_t msf[4];
            put_address(msf, points[i] == 0xa2 ? atapi_sectors(cd) : 0, true);
            memcpy(p + 8, msf + 1, 3);
        }
    }
    return len;
}

static void cmd_read_toc(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);
    bool msf = cd->cdb[1] & 2;
    unsigned format = cd->cdb[2] & 0x0f, first = cd->cdb[6], len;

    if (format == 0) {
        format = cd->cdb[9] >> 6; /* where older hosts say it */
    }
    switch (format) {
    case 0:
        if (first > 1 && first != 0xaa) {
            invalid_field(cd);
            return;
        }
        len = put_toc(cd, r, first, msf);
        break;
    case 1:
        len = put_session(r, msf);
        break;
    case 2:
        len = put_raw_toc(cd, r);
        break;
    default:
        invalid_field(cd);
        return;
    }
    put16(r, len - 2);
    atapi_reply(cd, len, get16(cd->cdb + 7));
}

static void cmd_read_disc_information(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);

    if (cd->cdb[1] & 7) {
        invalid_field(cd);
        return;
    }
    put16(r, 32);
    r[2] = 0x0e; /* complete disc, complete last session */
    r[3] = 1;    /* first track, sessions, first and last track of the last session */
    r[4] = r[5] = r[6] = 1;
    r[7] = 0x20;             /* unrestricted use */
    memset(r + 16, 0xff, 8); /* nothing can be appended */
    atapi_reply(cd, 34, get16(cd->cdb + 7));
}

static void cmd_read_dvd_structure(AtapiDrive *cd)
{
    uint8_t *r = reply_buffer(cd);
    unsigned format = cd->cdb[7], len;
    uint64_t sectors = atapi_sectors(cd);

    if (!is_dvd(cd)) {
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    if (cd->cdb[1] & 0x0f || (format != 0xff && cd->cdb[6])) { /* not a DVD, not layer 0 */
        invalid_field(cd);
        return;
    }
    switch (format) {
    case 0x00:       /* physical format */
        r[4] = 0x01; /* DVD-ROM, version 1 */
        r[5] = 0x0f; /* 120 mm, rate not specified */
        r[6] = 0x01; /* one layer */
        put24(r + 9, DVD_PHYSICAL_START);
        put24(r + 13, MIN(DVD_PHYSICAL_START + sectors - 1, 0xffffff));
        len = 2052;
        break;
    case 0x01: /* copyright: none */
        len = 8;
        break;
    case 0x04: /* manufacturer: nothing said */
        len = 2052;
        break;
    case 0xff: { /* what there is */
        static const uint8_t formats[] = {0x00, 0x01, 0x04, 0xff};
        static const uint16_t sizes[] = {2052, 8, 2052, 4 + 4 * G_N_ELEMENTS(formats)};
        for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
            r[4 + 4 * i] = formats[i];
            r[5 + 4 * i] = 0x40; /* can be read */
            put16(r + 6 + 4 * i, sizes[i]);
        }
        len = 4 + 4 * G_N_ELEMENTS(formats);
        break;
    }
    default:
        invalid_field(cd);
        return;
    }
    put16(r, len - 2);
    atapi_reply(cd, len, get16(cd->cdb + 8));
}

/* ---------------------------------------------------------------------------------- reading -- */

static void cmd_read_10(AtapiDrive *cd)
{
    atapi_read(cd, get32(cd->cdb + 2), get16(cd->cdb + 7), ATAPI_SECTOR_SIZE);
}

static void cmd_read_12(AtapiDrive *cd)
{
    atapi_read(cd, get32(cd->cdb + 2), get32(cd->cdb + 6), ATAPI_SECTOR_SIZE);
}

static void cmd_read_cd(AtapiDrive *cd)
{
    uint32_t lba = get32(cd->cdb + 2), count = cd->cdb[6] << 16 | get16(cd->cdb + 7);
    unsigned type = cd->cdb[1] >> 2 & 7;

    if ((type != 0 && type != 2) || (cd->cdb[10] & 7)) { /* any, mode 1; no subchannel */
        invalid_field(cd);
        return;
    }
    switch (cd->cdb[9] & 0xf8) {
    case 0x00: /* nothing of them */
        atapi_done(cd);
        break;
    case 0x10: /* user data */
        atapi_read(cd, lba, count, ATAPI_SECTOR_SIZE);
        break;
    case 0xf8: /* all */
        atapi_read(cd, lba, count, 2352);
        break;
    default:
        invalid_field(cd);
    }
}

static void cmd_seek_10(AtapiDrive *cd)
{
    if (get32(cd->cdb + 2) >= atapi_sectors(cd)) {
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
    } else {
        atapi_done(cd);
    }
}

/* --------------------------------------------------------------------------------- packets -- */

enum {
    NEEDS_MEDIUM = 1 << 0,
    IGNORES_ATTENTION = 1 << 1, /* tells nothing of a changed medium */
};

typedef struct AtapiCommand {
    void (*run)(AtapiDrive *cd);
    unsigned flags;
} AtapiCommand;

static const AtapiCommand commands[256] = {
    [GPCMD_TEST_UNIT_READY] = {cmd_test_unit_ready, NEEDS_MEDIUM},
    [GPCMD_REQUEST_SENSE] = {cmd_request_sense, IGNORES_ATTENTION},
    [GPCMD_INQUIRY] = {cmd_inquiry, IGNORES_ATTENTION},
    [GPCMD_START_STOP_UNIT] = {cmd_start_stop_unit},
    [GPCMD_PREVENT_ALLOW] = {cmd_prevent_allow},
    [GPCMD_READ_FORMAT_CAPACITIES] = {cmd_read_format_capacities, NEEDS_MEDIUM},
    [GPCMD_READ_CAPACITY] = {cmd_read_capacity, NEEDS_MEDIUM},
    [GPCMD_READ_10] = {cmd_read_10, NEEDS_MEDIUM},
    [GPCMD_SEEK_10] = {cmd_seek_10, NEEDS_MEDIUM},
    [GPCMD_SYNCHRONIZE_CACHE] = {cmd_test_unit_ready, NEEDS_MEDIUM},
    [GPCMD_READ_TOC] = {cmd_read_toc, NEEDS_MEDIUM},
    [GPCMD_GET_CONFIGURATION] = {cmd_get_configuration, IGNORES_ATTENTION},
    [GPCMD_GET_EVENT_STATUS] = {cmd_get_event_status, IGNORES_ATTENTION},
    [GPCMD_READ_DISC_INFORMATION] = {cmd_read_disc_information, NEEDS_MEDIUM},
    [GPCMD_MODE_SENSE_10] = {cmd_mode_sense_10},
    [GPCMD_READ_12] = {cmd_read_12, NEEDS_MEDIUM},
    [GPCMD_READ_DVD_STRUCTURE] = {cmd_read_dvd_structure, NEEDS_MEDIUM},
    [GPCMD_SET_SPEED] = {cmd_set_speed},
    [GPCMD_MECHANISM_STATUS] = {cmd_mechanism_status},
    [GPCMD_READ_CD] = {cmd_read_cd, NEEDS_MEDIUM},
};

void atapi_execute(AtapiDrive *cd)
{
    const AtapiCommand *row = &commands[cd->cdb[0]];

    if (cd->unit_attention && !(row->flags & IGNORES_ATTENTION)) {
        cd->unit_attention = false;
        atapi_fail(cd, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    } else if (!row->run) {
        log_guest_error("%s: unknown packet %02x", cd->ide.dev.owner.name, cd->cdb[0]);
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
    } else if ((row->flags & NEEDS_MEDIUM) && !atapi_has_medium(cd)) {
        atapi_fail(cd, SENSE_NOT_READY,
                   atapi_tray_is_open(cd) ? ASC_NO_MEDIUM_OPEN : ASC_NO_MEDIUM_CLOSED);
    } else {
        row->run(cd);
    }
}
