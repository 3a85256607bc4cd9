/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window, by SDL 2. A module.
 *
 * SDL has no descriptor to wait for, so its events are polled. The pointer of a PS/2 mouse moves by
 * distances: a click in the window grabs it, Ctrl-Alt-G gives it back. With the grab, the keys that
 * the desktop uses go to the guest, too.
 */
#include <SDL.h>

#include "backends/display.h"
#include "backends/ui/ui.h"
#include "error.h"
#include "hw/input/input.h"

#define POLL_MS 15

typedef struct Sdl {
    bool full_screen, close_ends; /* options */
    bool video;                   /* SDL_Init() was done */
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    Console *console; /* or NULL */
    pixman_image_t *image;
    bool changed; /* since it was presented */
    bool grabbed;
    bool held[KEY_CODES];
    guint timer;
} Sdl;

static Sdl sdl;

/* SDL's scan codes are those of USB keyboards. */
static const struct {
    SDL_Scancode scancode;
    KeyCode key;
} keys[] = {
#define LETTER(x)                                                                                  \
    {                                                                                              \
        SDL_SCANCODE_##x, KEY_CODE_##x                                                             \
    }
    LETTER(A),
    LETTER(B),
    LETTER(C),
    LETTER(D),
    LETTER(E),
    LETTER(F),
    LETTER(G),
    LETTER(H),
    LETTER(I),
    LETTER(J),
    LETTER(K),
    LETTER(L),
    LETTER(M),
    LETTER(N),
    LETTER(O),
    LETTER(P),
    LETTER(Q),
    LETTER(R),
    LETTER(S),
    LETTER(T),
    LETTER(U),
    LETTER(V),
    LETTER(W),
    LETTER(X),
    LETTER(Y),
    LETTER(Z),
    LETTER(1),
    LETTER(2),
    LETTER(3),
    LETTER(4),
    LETTER(5),
    LETTER(6),
    LETTER(7),
    LETTER(8),
    LETTER(9),
    LETTER(0),
    LETTER(F1),
    LETTER(F2),
    LETTER(F3),
    LETTER(F4),
    LETTER(F5),
    LETTER(F6),
    LETTER(F7),
    LETTER(F8),
    LETTER(F9),
    LETTER(F10),
    LETTER(F11),
    LETTER(F12),
    LETTER(HOME),
    LETTER(END),
    LETTER(INSERT),
    LETTER(DELETE),
    LETTER(UP),
    LETTER(DOWN),
    LETTER(LEFT),
    LETTER(RIGHT),
    LETTER(KP_0),
    LETTER(KP_1),
    LETTER(KP_2),
    LETTER(KP_3),
    LETTER(KP_4),
    LETTER(KP_5),
    LETTER(KP_6),
    LETTER(KP_7),
    LETTER(KP_8),
    LETTER(KP_9),
    LETTER(KP_ENTER),
    LETTER(KP_EQUALS),
    LETTER(KP_COMMA),
    LETTER(MAIL),
    LETTER(CALCULATOR),
    LETTER(COMPUTER),
    LETTER(AC_HOME),
    LETTER(AC_BACK),
    LETTER(AC_FORWARD),
    LETTER(AC_REFRESH),
    LETTER(AC_BOOKMARKS),
    LETTER(AUDIOPLAY),
    LETTER(AUDIOSTOP),
    LETTER(AUDIONEXT),
    LETTER(AUDIOMUTE),
    LETTER(MEDIASELECT),
    LETTER(VOLUMEUP),
    LETTER(VOLUMEDOWN),
    LETTER(POWER),
    LETTER(SLEEP),
#undef LETTER
    {SDL_SCANCODE_RETURN, KEY_CODE_RET},
    {SDL_SCANCODE_ESCAPE, KEY_CODE_ESC},
    {SDL_SCANCODE_BACKSPACE, KEY_CODE_BACKSPACE},
    {SDL_SCANCODE_TAB, KEY_CODE_TAB},
    {SDL_SCANCODE_SPACE, KEY_CODE_SPC},
    {SDL_SCANCODE_MINUS, KEY_CODE_MINUS},
    {SDL_SCANCODE_EQUALS, KEY_CODE_EQUAL},
    {SDL_SCANCODE_LEFTBRACKET, KEY_CODE_BRACKET_LEFT},
    {SDL_SCANCODE_RIGHTBRACKET, KEY_CODE_BRACKET_RIGHT},
    {SDL_SCANCODE_BACKSLASH, KEY_CODE_BACKSLASH},
    {SDL_SCANCODE_NONUSHASH, KEY_CODE_BACKSLASH},
    {SDL_SCANCODE_NONUSBACKSLASH, KEY_CODE_LESS},
    {SDL_SCANCODE_SEMICOLON, KEY_CODE_SEMICOLON},
    {SDL_SCANCODE_APOSTROPHE, KEY_CODE_APOSTROPHE},
    {SDL_SCANCODE_GRAVE, KEY_CODE_GRAVE_ACCENT},
    {SDL_SCANCODE_COMMA, KEY_CODE_COMMA},
    {SDL_SCANCODE_PERIOD, KEY_CODE_DOT},
    {SDL_SCANCODE_SLASH, KEY_CODE_SLASH},
    {SDL_SCANCODE_CAPSLOCK, KEY_CODE_CAPS_LOCK},
    {SDL_SCANCODE_PRINTSCREEN, KEY_CODE_PRINT},
    {SDL_SCANCODE_SYSREQ, KEY_CODE_SYSRQ},
    {SDL_SCANCODE_SCROLLLOCK, KEY_CODE_SCROLL_LOCK},
    {SDL_SCANCODE_PAUSE, KEY_CODE_PAUSE},
    {SDL_SCANCODE_PAGEUP, KEY_CODE_PGUP},
    {SDL_SCANCODE_PAGEDOWN, KEY_CODE_PGDN},
    {SDL_SCANCODE_NUMLOCKCLEAR, KEY_CODE_NUM_LOCK},
    {SDL_SCANCODE_KP_DIVIDE, KEY_CODE_KP_DIVIDE},
    {SDL_SCANCODE_KP_MULTIPLY, KEY_CODE_KP_MULTIPLY},
    {SDL_SCANCODE_KP_MINUS, KEY_CODE_KP_SUBTRACT},
    {SDL_SCANCODE_KP_PLUS, KEY_CODE_KP_ADD},
    {SDL_SCANCODE_KP_PERIOD, KEY_CODE_KP_DECIMAL},
    {SDL_SCANCODE_APPLICATION, KEY_CODE_COMPOSE},
    {SDL_SCANCODE_MENU, KEY_CODE_MENU},
    {SDL_SCANCODE_AUDIOPREV, KEY_CODE_AUDIOPREV},
    {SDL_SCANCODE_INTERNATIONAL1, KEY_CODE_RO},
    {SDL_SCANCODE_INTERNATIONAL2, KEY_CODE_KATAKANAHIRAGANA},
    {SDL_SCANCODE_INTERNATIONAL3, KEY_CODE_YEN},
    {SDL_SCANCODE_INTERNATIONAL4, KEY_CODE_HENKAN},
    {SDL_SCANCODE_INTERNATIONAL5, KEY_CODE_MUHENKAN},
    {SDL_SCANCODE_LCTRL, KEY_CODE_CTRL},
    {SDL_SCANCODE_RCTRL, KEY_CODE_CTRL_R},
    {SDL_SCANCODE_LSHIFT, KEY_CODE_SHIFT},
    {SDL_SCANCODE_RSHIFT, KEY_CODE_SHIFT_R},
    {SDL_SCANCODE_LALT, KEY_CODE_ALT},
    {SDL_SCANCODE_RALT, KEY_CODE_ALT_R},
    {SDL_SCANCODE_LGUI, KEY_CODE_META_L},
    {SDL_SCANCODE_RGUI, KEY_CODE_META_R},
};

/* --------------------------------------------------------------------------------- the picture */

static void on_update(void *opaque, int x, int y, int width, int height)
{
    SDL_Rect rect = {x, y, width, height};
    const uint8_t *data = (const uint8_t *)pixman_image_get_data(sdl.image);
    int stride = pixman_image_get_stride(sdl.image);

    SDL_UpdateTexture(sdl.texture, &rect, data + (size_t)y * stride + x * 4, stride);
    sdl.changed = true;
}

static void on_resize(void *opaque, pixman_image_t *image)
{
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);

    g_clear_pointer(&sdl.image, pixman_image_unref);
    g_clear_pointer(&sdl.texture, SDL_DestroyTexture);
    sdl.image = pixman_image_ref(image);
    sdl.texture = SDL_CreateTexture(sdl.renderer, SDL_PIXELFORMAT_RGB888,
                                    SDL_TEXTUREACCESS_STREAMING, width, height);
    if (!sdl.full_screen) {
        SDL_SetWindowSize(sdl.window, width, height);
    }
    SDL_RenderSetLogicalSize(sdl.renderer, width, height);
    on_update(NULL, 0, 0, width, height);
}

static void on_refreshed(void *opaque)
{
    if (sdl.changed) {
        SDL_RenderClear(sdl.renderer);
        SDL_RenderCopy(sdl.renderer, sdl.texture, NULL, NULL);
        SDL_RenderPresent(sdl.renderer);
        sdl.changed = false;
    }
}

static void on_gone(void *opaque)
{
    sdl.console = NULL;
}

static const ConsoleListener listener = {
    .update = on_update, .resize = on_resize, .refreshed = on_refreshed, .gone = on_gone};

/* A console may come after the window. */
static void find_console(void)
{
    if (!sdl.console && (sdl.console = console_default())) {
        console_add_listener(sdl.console, &listener, &sdl);
        on_resize(NULL, console_image(sdl.console));
    }
}

/* ---------------------------------------------------------------------------- keys, the pointer */

static void set_title(void)
{
    g_autofree char *title = g_strdup_printf(
        "%s%s", ui_title(), sdl.grabbed ? " - Ctrl-Alt-G releases the pointer" : "");

    SDL_SetWindowTitle(sdl.window, title);
}

static void set_grab(bool grab)
{
    if (grab != sdl.grabbed) {
        sdl.grabbed = grab;
        SDL_SetRelativeMouseMode(grab && !input_is_absolute());
        SDL_SetWindowKeyboardGrab(sdl.window, grab);
        set_title();
    }
}

static void set_full_screen(bool full)
{
    sdl.full_screen = full;
    SDL_SetWindowFullscreen(sdl.window, full ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
    if (!full && sdl.image) {
        SDL_SetWindowSize(sdl.window, pixman_image_get_width(sdl.image),
                          pixman_image_get_height(sdl.image));
    }
    set_grab(full);
    sdl.changed = true;
}

static void send_key(KeyCode key, bool down)
{
    sdl.held[key] = down;
    input_send_key(key, down);
    input_send_sync();
}

/* The window lost the keyboard: it does not hear of releases any more. */
static void release_keys(void)
{
    for (int key = KEY_CODE_NONE + 1; key < KEY_CODES; key++) {
        if (sdl.held[key]) {
            send_key(key, false);
        }
    }
}

/* Keys for the window itself, with Ctrl and Alt. */
static bool is_hot_key(const SDL_KeyboardEvent *event)
{
    if ((event->keysym.mod & KMOD_CTRL) && (event->keysym.mod & KMOD_ALT)) {
        switch (event->keysym.scancode) {
        case SDL_SCANCODE_G:
            set_grab(!sdl.grabbed);
            release_keys();
            return true;
        case SDL_SCANCODE_F:
            set_full_screen(!sdl.full_screen);
            release_keys();
            return true;
        default:
            break;
        }
    }
    return false;
}

static void on_key(const SDL_KeyboardEvent *event)
{
    if (event->state == SDL_PRESSED && is_hot_key(event)) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].scancode == event->keysym.scancode) {
            send_key(keys[i].key, event->state == SDL_PRESSED);
        }
    }
}

static void on_button(const SDL_MouseButtonEvent *event)
{
    static const InputButton by_sdl[] = {
        [SDL_BUTTON_LEFT] = INPUT_BUTTON_LEFT,   [SDL_BUTTON_MIDDLE] = INPUT_BUTTON_MIDDLE,
        [SDL_BUTTON_RIGHT] = INPUT_BUTTON_RIGHT, [SDL_BUTTON_X1] = INPUT_BUTTON_SIDE,
        [SDL_BUTTON_X2] = INPUT_BUTTON_EXTRA,
    };

    if (!sdl.grabbed && !input_is_absolute()) {
        set_grab(event->state == SDL_PRESSED); /* the guest does not get this click */
    } else if (event->button >= SDL_BUTTON_LEFT && event->button < G_N_ELEMENTS(by_sdl)) {
        input_send_button(by_sdl[event->button], event->state == SDL_PRESSED);
        input_send_sync();
    }
}

static void on_motion(const SDL_MouseMotionEvent *event)
{
    if (input_is_absolute() && sdl.image) {
        int width = pixman_image_get_width(sdl.image), height = pixman_image_get_height(sdl.image);

        input_send_absolute(event->x * INPUT_ABSOLUTE_MAX / MAX(1, width - 1),
                            event->y * INPUT_ABSOLUTE_MAX / MAX(1, height - 1));
    } else if (sdl.grabbed) {
        input_send_relative(event->xrel, event->yrel);
    }
    input_send_sync();
}

static void on_wheel(const SDL_MouseWheelEvent *event)
{
    InputButton button = event->y > 0 ? INPUT_BUTTON_WHEEL_UP : INPUT_BUTTON_WHEEL_DOWN;

    if (event->y) {
        input_send_button(button, true);
        input_send_button(button, false);
        input_send_sync();
    }
}

static void on_window(const SDL_WindowEvent *event)
{
    switch (event->event) {
    case SDL_WINDOWEVENT_FOCUS_LOST:
        release_keys();
        set_grab(false);
        break;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
        sdl.changed = true;
        break;
    default:
        break;
    }
}

static void on_event(const SDL_Event *event)
{
    switch (event->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        on_key(&event->key);
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        on_button(&event->button);
        break;
    case SDL_MOUSEMOTION:
        on_motion(&event->motion);
        break;
    case SDL_MOUSEWHEEL:
        on_wheel(&event->wheel);
        break;
    case SDL_WINDOWEVENT:
        on_window(&event->window);
        break;
    case SDL_QUIT:
        if (sdl.close_ends) {
            ui_quit();
        }
        break;
    default:
        break;
    }
}

static gboolean on_timer(gpointer opaque)
{
    SDL_Event event;
    bool any = false;

    find_console();
    while (SDL_PollEvent(&event)) {
        on_event(&event);
        any = true;
    }
    if (any && sdl.console) {
        console_wake(sdl.console);
    }
    return G_SOURCE_CONTINUE;
}

/* -------------------------------------------------------------------------------------- life -- */

static void sdl_stop(void)
{
    if (sdl.timer) {
        g_source_remove(sdl.timer);
    }
    if (sdl.console) {
        console_remove_listener(sdl.console, &sdl);
    }
    g_clear_pointer(&sdl.image, pixman_image_unref);
    g_clear_pointer(&sdl.texture, SDL_DestroyTexture);
    g_clear_pointer(&sdl.renderer, SDL_DestroyRenderer);
    g_clear_pointer(&sdl.window, SDL_DestroyWindow);
    if (sdl.video) {
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    sdl = (Sdl){};
}

static bool sdl_start(Opts *opts, GError **errp)
{
    sdl = (Sdl){.close_ends = true};
    if (!opts_get_bool(opts, "full-screen", &sdl.full_screen, errp) ||
        !opts_get_bool(opts, "window-close", &sdl.close_ends, errp)) {
        return false;
    }
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* the main loop has its own */
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    /*
     * Pixel for pixel, and with no GL driver: neither for drawing, nor, as SDL would have it then,
     * to bring what was drawn into the window. The environment may ask for another way.
     */
    SDL_SetHintWithPriority(SDL_HINT_RENDER_DRIVER, "software", SDL_HINT_DEFAULT);
    SDL_SetHintWithPriority(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0", SDL_HINT_DEFAULT);
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) < 0) {
        error_setg(errp, "SDL can't open a window: %s", SDL_GetError());
        return false;
    }
    sdl.video = true;
    sdl.window = SDL_CreateWindow(ui_title(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 640,
                                  480, SDL_WINDOW_RESIZABLE);
    /* No wait for the screen's retrace: the guest would wait, too. */
    sdl.renderer = sdl.window ? SDL_CreateRenderer(sdl.window, -1, 0) : NULL;
    if (!sdl.renderer) {
        error_setg(errp, "SDL can't draw in a window: %s", SDL_GetError());
        return false;
    }
    if (sdl.full_screen) {
        set_full_screen(true);
    }
    sdl.timer = g_timeout_add(POLL_MS, on_timer, NULL);
    find_console();
    return true;
}

const DisplayType lignite_display = {.name = "sdl", .start = sdl_start, .stop = sdl_stop};
