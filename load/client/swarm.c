/*
 * swarm: thousands of lobby displays in one thread, with epoll and nothing but libc.
 *
 *   swarm --plan FILE --ports P1,P2,... [--source 127.K.0.1] [--rate N] [--seconds T] [--frames FILE]
 *         [--bare] [--window S] [--silent S]
 *
 * A line of the plan is one connection, tab separated: shard, path, extra header or -, and first frames, in which %S
 * stands for ,"since":"POSITION". What a display does when a line is lost, silent or has a gap is js/feed.js again.
 * Which port it gets is what a proxy would do that is sticky by shard and finds out by itself which ports are dead.
 * A line of JSON once a second and at the end; load/README.md explains the options and the figures.
 */
#define _GNU_SOURCE
#define PROGRAM "swarm"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tools.h"

#define FIRST_RETRY_S 0.25
#define LAST_RETRY_S 0.75
#define SILENT_S 9.0
#define SECOND 1000000000ull
#define TICK (SECOND / 100)             /* how exactly a display comes back */
#define LOOK (SECOND / 2)               /* how often each display is looked at */
#define DEAD (SECOND)                   /* how long a dead port is passed over */

enum { MAX_PORTS = 64, IN_FLIGHT = 256, CHUNK = 262144, SLOTS = 1024, NONE = -1, PER_OCTAVE = 64, BUCKETS = 2048 };
enum { PER_SOURCE = 1000 };         /* displays of one address: looking for a free port is slow when few are left */
enum { TRY_AGAIN_FROM = 500, STATUSES = 1000, NO_CODE = 1005, LOST = 1006, STOP_FROM = 4400, CODES = 5000 };
enum { MAX_EPOCH = 32 };
enum phase { WAITING, CONNECTING, SHAKING, OPEN, LIVE, STOPPED };    /* OPEN: not welcomed yet */
enum home { NEVER, HOME, AWAY, HALFWAY };                            /* HALFWAY: welcomed again, not subscribed again */
enum kind { EVENT, SNAPSHOT };

struct position { const char *epoch; size_t epoch_len; uint64_t seq; };

struct channel {
    const char *first, *name;       /* its first frame, and the name within */
    uint64_t seq;                   /* the newest it has had of this epoch */
    uint16_t name_len;
    bool numbered, known, answered; /* known: may be resumed from */
    bool put_off;                   /* the server could not tell: to be asked again */
    char epoch[MAX_EPOCH + 1];
};

struct conn {
    int fd, next;                   /* the next one in the same slot of the wheel */
    uint32_t shard, channel, due;
    uint16_t channels, missing;     /* missing: channels that are not answered yet */
    uint8_t phase, home, port;
    bool settled, subscribed;
    float retry_s, window_s;
    const char *path, *header;
    uint64_t began, heard, ask_again_at;
    struct text in, out;            /* half a frame, and what could not be sent; nothing as a rule */
};

struct histogram { uint32_t count[BUCKETS]; };
struct loss { uint64_t began, ended; long lost; struct histogram welcomed, subscribed; };
struct record { uint32_t channel, kind; uint64_t seq, at; };

static struct { const char *plan, *frames; double rate, seconds, window_s, silent_s; bool bare; int ports; }
    opt = {.seconds = -1, .window_s = 1.5, .silent_s = SILENT_S};

/* What each line tells: how it is now, and how often something was so since the start. */
#define COUNTS(X) \
    X(planned) X(connected) X(subscribed) X(away) X(stopped) X(connects) X(reconnects) X(silent) X(frames) X(events) \
    X(snapshots) X(bytes) X(pings) X(gaps) X(behind) X(epochs) X(steps_back) X(repeats) X(problems) X(malformed)
#define DECLARE(name) static long name;
COUNTS(DECLARE)

static int ep, port[MAX_PORTS], slots[SLOTS];
static uint64_t now, started, port_dead_until[MAX_PORTS], random_state;
static struct conn *all;
static struct channel *channels;
static int channel_count, opened, settled, waiting;
static uint32_t turned, source = INADDR_LOOPBACK;
static bool stdin_spoke;
static long refused_connects, died_in_handshake, nowhere, refused[STATUSES], closed[CODES];
static uint64_t silence, longest_silence;
static struct histogram first_us, again_us;
static struct loss *losses;
static int loss_count;
static struct text sending;
static FILE *records;

/* ------------------------------------------------------------------ small tools */

static double chance(void)
{
    random_state ^= random_state << 13; random_state ^= random_state >> 7; random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static void release(struct text *t)
{
    free(t->at);
    *t = (struct text){0};
}

/* Buckets are 1 us wide up to 64 us, then 64 to each doubling. */
static void count_in(struct histogram *h, uint64_t ns)
{
    uint64_t us = ns / 1000;
    int octave = us < PER_OCTAVE ? 0 : 63 - __builtin_clzll(us);
    uint64_t bucket = octave ? (uint64_t)(octave - 5) * PER_OCTAVE + (us >> (octave - 6)) - PER_OCTAVE : us;
    h->count[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

/* Something that a person should see, once of each sort. */
static void complain(long times, const char *what, const char *s, size_t n)
{
    if (times == 1) fprintf(stderr, PROGRAM ": %s: %.*s\n", what, (int)(n < 300 ? n : 300), s);
}

/* ------------------------------------------------------------------ lost, and back */

static struct loss *current_loss(void) { return &losses[loss_count - 1]; }

static void leave_home(struct conn *c)
{
    if (!away++) {
        if (!(losses = realloc(losses, (size_t)++loss_count * sizeof *losses))) die("out of memory");
        *current_loss() = (struct loss){.began = now};
    }
    current_loss()->lost++;
    c->home = AWAY;
}

static void one_less_away(void) { if (!--away) current_loss()->ended = now; }

static void come_home(struct conn *c)
{
    count_in(c->home == NEVER ? &first_us : &again_us, now - c->began);
    if (c->home == AWAY || c->home == HALFWAY) {
        count_in(&current_loss()->subscribed, now - current_loss()->began);
        one_less_away();
    }
    c->home = HOME;
}

/* At the start: this one is there, or was told that it will not be, and the next may be opened. */
static void settle(struct conn *c)
{
    settled += !c->settled;
    c->settled = true;
}

static void set_subscribed(struct conn *c, bool is)
{
    subscribed += is - c->subscribed;
    c->subscribed = is;
}

static void became_subscribed(struct conn *c)
{
    set_subscribed(c, true);
    settle(c);
    if (c->home != HOME) come_home(c);
}

static uint32_t ticks(void) { return (uint32_t)((now - started) / TICK); }

static void into_slot(struct conn *c)
{
    int *slot = &slots[c->due % SLOTS];
    c->next = *slot;
    *slot = (int)(c - all);
}

/* Anywhere in the window that the server named, so that those who all lost it at once do not all come at once. */
static void come_back_later(struct conn *c)
{
    c->due = ticks() + 1 + (uint32_t)((c->retry_s + chance() * c->window_s) * (double)(SECOND / TICK));
    c->retry_s = c->retry_s * 2 < LAST_RETRY_S ? c->retry_s * 2 : LAST_RETRY_S;
    c->phase = WAITING;
    waiting++;
    into_slot(c);
}

static void stop_for_good(struct conn *c)
{
    c->phase = STOPPED;
    stopped++;
    settle(c);
    if (c->home != AWAY && c->home != HALFWAY) return;
    current_loss()->lost--;
    one_less_away();
    c->home = NEVER;
}

static void hang_up(struct conn *c)
{
    close(c->fd);
    c->fd = -1;
    release(&c->in);
    release(&c->out);
}

/* This try, or this line, is over. */
static void lose(struct conn *c, int code)
{
    if (c->fd >= 0) hang_up(c);
    if (c->phase >= OPEN) { connected--; closed[code]++; }
    set_subscribed(c, false);
    if (c->home == HOME) leave_home(c);
    if (code >= STOP_FROM) stop_for_good(c);
    else come_back_later(c);
}

/* ------------------------------------------------------------------ to a live port */

static void reach(struct conn *c);

/* False when the port refused on the spot. */
static bool dial(struct conn *c, int p)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    int one = 1;
    from.sin_addr.s_addr = htonl(source + (uint32_t)(c - all) / PER_SOURCE);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)port[p]);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: too many open files?");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind: is --source an address of this machine?");
    connects++;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        if (errno == EADDRNOTAVAIL) die("no source port is left");
        hang_up(c);
        return false;
    }
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl failed");
    c->port = (uint8_t)p;
    c->phase = CONNECTING;
    return true;
}

static void mark_dead(int p) { port_dead_until[p] = now + DEAD; }

/* Its own port, or the next one that is not known to be dead. */
static void reach(struct conn *c)
{
    for (int i = 0; i < opt.ports; i++) {
        int p = (int)((c->shard + (uint32_t)i) % (uint32_t)opt.ports);
        if (port_dead_until[p] > now) continue;
        if (dial(c, p)) return;
        refused_connects++;
        mark_dead(p);
    }
    nowhere++;
    lose(c, LOST);
}

static void try_now(struct conn *c)
{
    c->began = c->heard = now;
    reach(c);
}

/* The port refused, or died before it answered: the proxy asks the next one, and the display sees nothing of it. */
static void next_port(struct conn *c)
{
    if (c->phase == CONNECTING) refused_connects++;
    else died_in_handshake++;
    mark_dead(c->port);
    hang_up(c);
    reach(c);
}

/* ------------------------------------------------------------------ what is sent */

static void flush_out(struct conn *c)
{
    ssize_t n = send(c->fd, c->out.at, c->out.len, MSG_NOSIGNAL);
    if (n < 0) return;
    c->out.len -= (size_t)n;
    memmove(c->out.at, c->out.at + n, c->out.len);
    if (!c->out.len) release(&c->out);
}

/* Sends what was built in `sending`; that the line is dead is noticed when reading. */
static void send_it(struct conn *c)
{
    ssize_t n = c->out.len ? 0 : send(c->fd, sending.at, sending.len, MSG_NOSIGNAL);
    if (n < 0) n = errno == EAGAIN ? 0 : (ssize_t)sending.len;
    append(&c->out, sending.at + n, sending.len - (size_t)n);
    sending.len = 0;
}

static void send_handshake(struct conn *c)
{
    append_handshake(&sending, c->path, port[c->port]);
    if (*c->header) appendf(&sending, "%s\r\n", c->header);
    append(&sending, "\r\n", 2);
    send_it(c);
    c->phase = SHAKING;
}

static void append_request(const struct channel *ch)
{
    static struct text frame;
    const char *hole = strstr(ch->first, "%S");
    frame.len = 0;
    append(&frame, ch->first, hole ? (size_t)(hole - ch->first) : strlen(ch->first));
    if (hole && ch->known) appendf(&frame, ",\"since\":\"%s.%llu\"", ch->epoch, (unsigned long long)ch->seq);
    if (hole) append(&frame, hole + 2, strlen(hole + 2));
    append_frame(&sending, TEXT_FRAME, frame.at, frame.len);
}

static void ask_anew(struct conn *c, struct channel *ch)
{
    ch->known = false;
    c->missing += ch->answered;
    ch->answered = false;
    set_subscribed(c, false);
    append_request(ch);
    send_it(c);
}

/* ------------------------------------------------------------------ frames */

static bool read_position(const char *s, size_t n, const char *key, struct position *p)
{
    const char *value, *dot;
    size_t len;
    if (!top_value(s, n, key, &value, &len) || !(dot = memrchr(value, '.', len)) || dot - value > MAX_EPOCH) {
        complain(++malformed, "no position in a frame", s, n);
        return false;
    }
    *p = (struct position){value, (size_t)(dot - value), 0};
    for (dot++; dot < value + len; dot++) p->seq = p->seq * 10 + (uint64_t)(*dot - '0');
    return true;
}

static bool same_epoch(const struct channel *ch, const struct position *p)
{
    return !strncmp(ch->epoch, p->epoch, p->epoch_len) && !ch->epoch[p->epoch_len];
}

static struct channel *channel_named(struct conn *c, const char *s, size_t n)
{
    const char *name;
    size_t len;
    if (!top_value(s, n, "channel", &name, &len)) return NULL;
    for (struct channel *ch = channels + c->channel; ch < channels + c->channel + c->channels; ch++)
        if (ch->name_len == len && !memcmp(ch->name, name, len)) return ch;
    return NULL;
}

static void answered(struct conn *c, struct channel *ch)
{
    if (ch->answered) return;
    ch->answered = true;
    if (!--c->missing) became_subscribed(c);
}

static void record(const struct channel *ch, enum kind kind)
{
    struct record r = {(uint32_t)(ch - channels), kind, ch->seq, now};
    if (records && ch->numbered && fwrite(&r, sizeof r, 1, records) != 1) die("cannot write the frames file");
}

static void on_welcome(struct conn *c, const char *s, size_t n)
{
    const char *value;
    size_t len;
    if (c->phase != OPEN) return;
    if (top_value(s, n, "reconnect_window_s", &value, &len)) c->window_s = strtof(value, NULL);
    c->retry_s = FIRST_RETRY_S;
    c->phase = LIVE;
    reconnects += c->home != NEVER;
    if (c->home == AWAY) {
        count_in(&current_loss()->welcomed, now - current_loss()->began);
        c->home = HALFWAY;
    }
    c->missing = c->channels;
    for (struct channel *ch = channels + c->channel; ch < channels + c->channel + c->channels; ch++) {
        ch->answered = ch->put_off = false;
        append_request(ch);
    }
    if (sending.len) send_it(c);
    if (!c->missing) became_subscribed(c);
}

static void on_snapshot(struct conn *c, const char *s, size_t n)
{
    struct channel *ch = channel_named(c, s, n);
    struct position p;
    if (!ch || !read_position(s, n, "seq", &p)) return;
    bool same = same_epoch(ch, &p);
    if (same && p.seq < ch->seq) complain(++steps_back, "a snapshot stepped back", s, n);
    epochs += !same && *ch->epoch;
    memcpy(ch->epoch, p.epoch, p.epoch_len);
    ch->epoch[p.epoch_len] = 0;
    ch->seq = p.seq;
    ch->known = true;
    snapshots++;
    record(ch, SNAPSHOT);
    answered(c, ch);
}

static void on_event(struct conn *c, const char *s, size_t n)
{
    struct channel *ch = channel_named(c, s, n);
    struct position p, prev;
    if (!ch || !read_position(s, n, "seq", &p) || !read_position(s, n, "prev", &prev)) return;
    bool same = same_epoch(ch, &p);
    if (same && p.seq < ch->seq) complain(++steps_back, "an event stepped back", s, n);
    if (!ch->known) return;
    if (same && p.seq <= ch->seq) { repeats += p.seq == ch->seq; return; }
    if (same && prev.seq > ch->seq) complain(++gaps, "a gap", s, n);
    if (!same || prev.seq > ch->seq) { ask_anew(c, ch); return; }
    ch->seq = p.seq;
    events++;
    record(ch, EVENT);
    answered(c, ch);
}

/* Where a beat says that the channel is; false when it does not name it. */
static bool named_by_beat(const struct channel *ch, const char *s, size_t n, struct position *p)
{
    const char *end = s + n, *at = memmem(s, n, "\"positions\"", 11);
    for (at = at ? at + 11 : end; (at = memmem(at, (size_t)(end - at), ch->name, ch->name_len)); at++) {
        const char *after = at + ch->name_len;
        if (at[-1] != '"' || after >= end || *after != '"') continue;
        static struct text rest;                /* begins with {"seq":"POSITION", as read_position wants it */
        rest.len = 0;
        append(&rest, "{\"seq\"", 6);
        append(&rest, after + 1, (size_t)(end - after - 1));
        return read_position(rest.at, rest.len, "seq", p);
    }
    return false;
}

/* A beat names the newest position of each channel: who is behind has missed a frame. To one that resumed and had
 * missed nothing it is the first sign that it is subscribed. */
static void on_beat(struct conn *c, const char *s, size_t n)
{
    struct position p;
    for (struct channel *ch = channels + c->channel; ch < channels + c->channel + c->channels; ch++) {
        if (!ch->known || !named_by_beat(ch, s, n, &p)) continue;
        if (same_epoch(ch, &p) && p.seq <= ch->seq) { answered(c, ch); continue; }
        complain(++behind, "a beat names a newer position", s, n);
        ask_anew(c, ch);
    }
}

/* A refusal of a channel that is the server's own fault passes; any other stands. */
static void on_error(struct conn *c, const char *s, size_t n)
{
    struct channel *ch = channel_named(c, s, n);
    const char *status = memmem(s, n, "\"status\":", 9);
    complain(++problems, "a problem", s, n);
    settle(c);
    if (!ch || !status || atoi(status + 9) < TRY_AGAIN_FROM) return;
    ch->put_off = true;
    /* After a problem that is the server's own, and passes for all at once. */
    c->ask_again_at = now + (uint64_t)((LAST_RETRY_S + chance() * (c->window_s < SILENT_S ? c->window_s : SILENT_S)) * (double)SECOND);
}

static void ask_again(struct conn *c)
{
    c->ask_again_at = 0;
    for (struct channel *ch = channels + c->channel; ch < channels + c->channel + c->channels; ch++) {
        if (ch->put_off) append_request(ch);
        ch->put_off = false;
    }
    if (sending.len) send_it(c);
}

static void text_came(struct conn *c, const char *s, size_t n)
{
    frames++;
    if (c->phase == LIVE && now - c->heard > silence) silence = now - c->heard;
    c->heard = now;
    if (top_is(s, n, "type", "event")) on_event(c, s, n);
    else if (top_is(s, n, "type", "beat")) on_beat(c, s, n);
    else if (top_is(s, n, "type", "snapshot")) on_snapshot(c, s, n);
    else if (top_is(s, n, "type", "welcome")) on_welcome(c, s, n);
    else if (top_is(s, n, "type", "error")) on_error(c, s, n);
}

static void frame_came(struct conn *c, unsigned char first, const char *s, size_t n)
{
    int opcode = first & 0xf, code = n >= 2 ? (unsigned char)s[0] << 8 | (unsigned char)s[1] : NO_CODE;
    if ((first & 0xf0) != 0x80) {
        complain(++malformed, "a frame in pieces", s, n);
        lose(c, LOST);
    } else if (opcode == CLOSE_FRAME) {
        append_frame(&sending, CLOSE_FRAME, s, n);
        send_it(c);
        lose(c, code < CODES ? code : LOST);
    } else if (opcode == PING_FRAME) {
        pings++;
        append_frame(&sending, PONG_FRAME, s, n);
        send_it(c);
    } else if (opcode == TEXT_FRAME) {
        text_came(c, s, n);
    }
}

/* ------------------------------------------------------------------ bytes */

static void opened_up(struct conn *c)
{
    c->phase = OPEN;
    connected++;
    if (opt.bare) on_welcome(c, "{}", 2);
}

/* Length of the head of the answer; 0 when there is more to come, or when it was a refusal and the line is lost. */
static size_t eat_handshake(struct conn *c, const char *at, size_t n)
{
    const char *end = memmem(at, n, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - at) + 4;
    int status = head > 12 ? atoi(at + 9) : 0;
    if (status == 101 && memmem(at, head, "layso.v1", 8)) { opened_up(c); return head; }
    complain(++refused[status > 0 && status < STATUSES ? status : 0], "refused", at, n);
    settle(c);
    lose(c, LOST);
    return 0;
}

/* How many bytes were used; what is left is half a frame. */
static size_t eat(struct conn *c, const char *at, size_t n)
{
    size_t done = 0, whole, len;
    const char *payload;
    if (c->phase == SHAKING) done = eat_handshake(c, at, n);
    while (c->phase > SHAKING && c->fd >= 0 && (whole = whole_frame(at + done, n - done, &payload, &len))) {
        frame_came(c, (unsigned char)at[done], payload, len);
        done += whole;
    }
    return done;
}

static void take(struct conn *c, const char *at, size_t n)
{
    struct text rest = c->in;
    c->in = (struct text){0};
    if (rest.len) { append(&rest, at, n); at = rest.at; n = rest.len; }
    size_t used = eat(c, at, n);
    if (c->fd >= 0 && used < n) append(&c->in, at + used, n - used);
    release(&rest);
}

static void readable(struct conn *c, bool to_the_end)
{
    static char chunk[CHUNK];
    int fd = c->fd;
    do {
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EAGAIN) return;
        now = clock_ns();
        if (n <= 0 && c->phase == SHAKING) { next_port(c); return; }
        if (n <= 0) { lose(c, LOST); return; }
        bytes += n;
        take(c, chunk, (size_t)n);
        to_the_end |= n == sizeof chunk;        /* less than that: no more for now, the next edge will tell */
    } while (to_the_end && c->fd == fd);
}

static void connected_or_not(struct conn *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) next_port(c);
    else send_handshake(c);
}

static void happened(struct conn *c, uint32_t what)
{
    if (!c) { stdin_spoke = true; return; }
    if (c->phase == CONNECTING) { connected_or_not(c); return; }
    if (c->out.len && what & EPOLLOUT) flush_out(c);
    if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable(c, what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* ------------------------------------------------------------------ lines of JSON */

static void print_named(const char *name, long count, bool *some)
{
    if (count) printf("%s\"%s\":%ld", *some ? "," : "", name, count);
    *some |= count > 0;
}

static void print_numbered(const long *counts, int most, bool some)
{
    char name[12];
    for (int i = 0; i < most; i++) {
        if (!counts[i]) continue;
        snprintf(name, sizeof name, "%d", i);
        print_named(name, counts[i], &some);
    }
    printf("}");
}

static void print_histogram(const char *name, const struct histogram *h)
{
    printf(",\"%s\":{", name);
    for (int i = 0, some = 0; i < BUCKETS; i++)
        if (h->count[i]) printf("%s\"%d\":%u", some++ ? "," : "", i, h->count[i]);
    printf("}");
}

static void print_loss(const struct loss *l)
{
    printf("{\"began_ns\":%llu,\"ended_ns\":%llu,\"lost\":%ld", (unsigned long long)l->began,
           (unsigned long long)l->ended, l->lost);
    print_histogram("welcomed", &l->welcomed);
    print_histogram("subscribed", &l->subscribed);
    printf("}");
}

static long rss_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void print_counts(void)
{
    bool some = false;
    printf("{\"at_ns\":%llu,\"cpu_s\":%.3f,\"rss_kb\":%ld", (unsigned long long)now, own_cpu(), rss_kb());
    printf(",\"silence_ms\":%.0f,\"longest_silence_ms\":%.0f", (double)silence / 1e6, (double)longest_silence / 1e6);
#define PRINT(name) printf(",\"" #name "\":%ld", name);
    COUNTS(PRINT)
    printf(",\"refused\":{");
    print_named("connect", refused_connects, &some);
    print_named("handshake", died_in_handshake, &some);
    print_named("nowhere", nowhere, &some);
    print_numbered(refused, STATUSES, some);
    printf(",\"closed\":{");
    print_numbered(closed, CODES, false);
}

/* A loss is told while it lasts, and once more when it is over. */
static void print_line(void)
{
    static int told;
    if (silence > longest_silence) longest_silence = silence;
    print_counts();
    if (loss_count > told) {
        printf(",\"losses\":[");
        for (int i = told; i < loss_count; i++) { if (i > told) printf(","); print_loss(&losses[i]); }
        printf("]");
        told = loss_count - (away > 0);
    }
    printf("}\n");
    fflush(stdout);
    silence = 0;
}

static void print_summary(void)
{
    print_counts();
    print_histogram("first_us", &first_us);
    print_histogram("again_us", &again_us);
    printf(",\"losses\":[");
    for (int i = 0; i < loss_count; i++) { if (i) printf(","); print_loss(&losses[i]); }
    printf("],\"is_summary\":true}\n");
    fflush(stdout);
}

/* ------------------------------------------------------------------ the course of a run */

static void open_more(void)
{
    double allowed = opt.rate > 0 ? opt.rate * (double)(now - started) / (double)SECOND : (double)planned;
    while (opened < planned && opened < allowed && opened - settled < IN_FLIGHT) try_now(&all[opened++]);
}

static void turn_wheel(void)
{
    for (uint32_t until = ticks(); turned < until;) {
        int *slot = &slots[++turned % SLOTS], i = *slot;
        *slot = NONE;
        while (i != NONE) {
            struct conn *c = &all[i];
            i = c->next;
            if (c->due > turned) { into_slot(c); continue; }
            waiting--;
            try_now(c);
        }
    }
}

/* What the watchdog of each display does, from connect() on. */
static void look_round(void)
{
    for (struct conn *c = all; c < all + opened; c++) {
        if (c->phase < CONNECTING || c->phase > LIVE || (opt.bare && c->phase == LIVE)) continue;
        if (c->phase == LIVE && now - c->heard > silence) silence = now - c->heard;
        if (c->phase == LIVE && c->ask_again_at && c->ask_again_at <= now) ask_again(c);
        if ((double)(now - c->heard) <= (opt.silent_s + (c->phase == LIVE ? 0 : c->window_s)) * (double)SECOND) continue;
        silent++;
        lose(c, LOST);
    }
}

static int wait_ms(uint64_t next_look)
{
    uint64_t until = next_look;
    if (waiting && started + (turned + 1) * TICK < until) until = started + (turned + 1) * TICK;
    if (opt.rate > 0 && opened < planned && now + TICK / 2 < until) until = now + TICK / 2;
    return until > now ? (int)((until - now + 999999) / 1000000) : 0;
}

static void pump(void)
{
    struct epoll_event ready[512];
    uint64_t next_look = now + LOOK, next_line = now + SECOND;
    while (!stdin_spoke && (opt.seconds < 0 || (double)(now - started) < opt.seconds * (double)SECOND)) {
        open_more();
        int n = epoll_wait(ep, ready, 512, wait_ms(next_look));
        now = clock_ns();
        for (int i = 0; i < n; i++) happened(ready[i].data.ptr, ready[i].events);
        now = clock_ns();
        turn_wheel();
        if (now >= next_look) { look_round(); next_look += LOOK; }
        if (now >= next_line) { print_line(); next_line += SECOND; }
    }
    print_line();
}

/* ------------------------------------------------------------------ plan and options */

/* The next field of the line at `*at`, ended with a zero; NULL at the end of the line. */
static char *field(char **at)
{
    char *from = *at;
    if (!from) return NULL;
    size_t len = strcspn(from, "\t");
    *at = from[len] ? from + len + 1 : NULL;
    from[len] = 0;
    return from;
}

static void read_line(struct conn *c, char *line)
{
    char *shard = field(&line), *path = field(&line), *header = field(&line), *first;
    if (!header) die("a line of the plan has no shard, path and header");
    *c = (struct conn){.fd = -1, .shard = (uint32_t)strtoul(shard, NULL, 10), .channel = (uint32_t)channel_count,
                       .path = path, .header = strcmp(header, "-") ? header : "", .retry_s = FIRST_RETRY_S,
                       .window_s = (float)opt.window_s};
    while (!opt.bare && (first = field(&line))) {
        struct channel *ch = &channels[channel_count++];
        size_t len;
        *ch = (struct channel){.first = first, .numbered = strstr(first, "%S")};
        if (!top_value(first, strlen(first), "channel", &ch->name, &len)) die("a first frame names no channel");
        ch->name_len = (uint16_t)len;
        c->channels++;
    }
}

static char *read_file(const char *name)
{
    static struct text whole;
    char chunk[65536];
    FILE *f = fopen(name, "r");
    if (!f) die("cannot read the plan");
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f));) append(&whole, chunk, n);
    fclose(f);
    append(&whole, "", 1);
    return whole.at;
}

static size_t occurrences(const char *s, char what)
{
    size_t n = 0;
    while ((s = strchr(s, what))) { n++; s++; }
    return n;
}

static void read_plan(void)
{
    char *at = read_file(opt.plan), *line;
    all = calloc(occurrences(at, '\n') + 1, sizeof *all);
    channels = calloc(occurrences(at, '\t') + 1, sizeof *channels);
    if (!all || !channels) die("out of memory");
    while ((line = strsep(&at, "\n")))
        if (*line) read_line(&all[planned++], line);
    if (!planned) die("the plan is empty");
}

static void read_ports(char *list)
{
    for (char *one; (one = strsep(&list, ","));) {
        if (opt.ports == MAX_PORTS || atoi(one) <= 0) die("--ports is a list of at most 64 ports");
        port[opt.ports++] = atoi(one);
    }
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"plan", 1, 0, 'p'}, {"ports", 1, 0, 'P'}, {"source", 1, 0, 's'}, {"rate", 1, 0, 'r'}, {"seconds", 1, 0, 't'},
        {"frames", 1, 0, 'f'}, {"bare", 0, 0, 'b'}, {"window", 1, 0, 'w'}, {"silent", 1, 0, 'S'}, {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (o) {
        case 'p': opt.plan = optarg; break;
        case 'P': read_ports(optarg); break;
        case 's': source = ntohl(inet_addr(optarg)); break;
        case 'r': opt.rate = atof(optarg); break;
        case 't': opt.seconds = atof(optarg); break;
        case 'f': opt.frames = optarg; break;
        case 'b': opt.bare = true; break;
        case 'w': opt.window_s = atof(optarg); break;
        case 'S': opt.silent_s = atof(optarg); break;
        default: exit(2);
    }
    if (!opt.plan || !opt.ports) die("usage: swarm --plan FILE --ports P1,P2,... [options]; see load/README.md");
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if ((rlim_t)planned + 32 > limit.rlim_cur) die("more connections than files may be open");
}

static void watch_stdin(void)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e) && opt.seconds < 0) die("without --seconds stdin must be a pipe");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    read_plan();
    raise_file_limit();
    if (getrandom(&random_state, sizeof random_state, 0) != sizeof random_state) die("no random bytes");
    random_state |= 1;
    ep = epoll_create1(EPOLL_CLOEXEC);
    watch_stdin();
    if (opt.frames && !(records = fopen(opt.frames, "w"))) die("cannot write the frames file");
    if (records) setvbuf(records, NULL, _IOFBF, 1 << 20);
    for (int i = 0; i < SLOTS; i++) slots[i] = NONE;
    started = now = clock_ns();
    pump();
    if (records && fclose(records)) die("cannot write the frames file");
    print_summary();
    return 0;
}
