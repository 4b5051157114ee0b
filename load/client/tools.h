/* What blast and swarm share: growing text, clocks, a little JSON, WebSocket frames. PROGRAM is the name in errors. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct text { char *at; size_t len, room; };

static inline _Noreturn void die(const char *why) { fprintf(stderr, PROGRAM ": %s\n", why); exit(2); }

static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double own_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static inline void append(struct text *t, const void *bytes, size_t n)
{
    if (!n) return;
    if (t->len + n > t->room) {
        t->room = (t->len + n) * 2 < 512 ? 512 : (t->len + n) * 2;
        if (!(t->at = realloc(t->at, t->room))) die("out of memory");
    }
    memcpy(t->at + t->len, bytes, n);
    t->len += n;
}

static inline void appendf(struct text *t, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n >= (int)sizeof line) die("a header or path is too long");
    append(t, line, (size_t)n);
}

/* ------------------------------------------------------------------ a little JSON */

/* Past the closing quote of the string that starts at s[i]. */
static inline size_t string_end(const char *s, size_t n, size_t i)
{
    for (i++; i < n && s[i] != '"'; i++)
        if (s[i] == '\\') i++;
    return i < n ? i + 1 : n;
}

static inline size_t skip_space(const char *s, size_t n, size_t i)
{
    while (i < n && strchr(" \t\r\n", s[i])) i++;
    return i;
}

/* The raw value (a string without its quotes) of a key of the outermost object only. */
static inline bool top_value(const char *s, size_t n, const char *key, const char **value, size_t *len)
{
    int depth = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] != '"') {
            depth += (s[i] == '{' || s[i] == '[') - (s[i] == '}' || s[i] == ']');
            i++;
            continue;
        }
        size_t end = string_end(s, n, i), colon = skip_space(s, n, end);
        bool hit = depth == 1 && colon < n && s[colon] == ':' && end - i - 2 == strlen(key) &&
                   !memcmp(s + i + 1, key, end - i - 2);
        if (!hit) { i = end; continue; }
        size_t from = skip_space(s, n, colon + 1), to = from;
        if (from < n && s[from] == '"') { from++; to = string_end(s, n, from - 1) - 1; }
        else while (to < n && !strchr(",}] \r\n", s[to])) to++;
        *value = s + from;
        *len = to - from;
        return true;
    }
    return false;
}

static inline bool top_is(const char *s, size_t n, const char *key, const char *wanted)
{
    const char *value;
    size_t len;
    return top_value(s, n, key, &value, &len) && len == strlen(wanted) && !memcmp(value, wanted, len);
}

/* ------------------------------------------------------------------ WebSocket frames */

enum { TEXT_FRAME = 1, CLOSE_FRAME = 8, PING_FRAME = 9, PONG_FRAME = 10, MOST_TO_SEND = 65536 };

static inline void append_handshake(struct text *out, const char *path, int port)
{
    appendf(out, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: bGF5c28tbGF5c28tbGF5cw==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: layso.v1\r\n", path, port);
}

/* A client's frame: final and masked. */
static inline void append_frame(struct text *out, int opcode, const char *payload, size_t n)
{
    static uint32_t seed = 2463534242u;
    seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5;
    unsigned char head[8] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | n)}, mask[4];
    size_t head_len = 2;
    if (n >= MOST_TO_SEND) die("a frame to send is too long");
    if (n > 125) { head[1] = 0x80 | 126; head[2] = (unsigned char)(n >> 8); head[3] = n & 0xff; head_len = 4; }
    memcpy(mask, &seed, 4);
    append(out, head, head_len);
    append(out, mask, 4);
    size_t from = out->len;
    append(out, payload, n);
    for (size_t i = 0; i < n; i++) out->at[from + i] = (char)(out->at[from + i] ^ mask[i & 3]);
}

/* Length of the whole frame at the start of the bytes; 0 when there is more to come. */
static inline size_t whole_frame(const char *at, size_t have, const char **payload, size_t *len)
{
    const unsigned char *h = (const unsigned char *)at;
    if (have < 2) return 0;
    size_t head = 2;
    *len = h[1] & 0x7f;
    if (*len == 126) {
        if (have < (head = 4)) return 0;
        *len = (size_t)h[2] << 8 | h[3];
    } else if (*len == 127) {
        if (have < (head = 10)) return 0;
        *len = 0;
        for (int i = 2; i < 10; i++) *len = *len << 8 | h[i];
    }
    *payload = at + head;
    return have - head >= *len ? head + *len : 0;
}
