/*
 * blast: load for one server on 127.0.0.1, in one thread, with epoll and nothing but libc.
 *
 *   blast http --port P --conns N ...   N closed loops of HTTP/1.1 keep-alive requests
 *   blast ws   --port P --conns N ...   N closed loops of WebSocket commands
 *   blast hold --port P --conns N ...   N quiet WebSocket displays that answer pings
 *   blast show --port P --conns N ...   N displays and one HTTP caller: call -> every display
 *
 * It prints {"ready":N} when all are connected and warm, with --gate waits for a line on stdin,
 * does its work and prints one line of JSON. load/README.md explains the options and the figures.
 */
#define _GNU_SOURCE
#define PROGRAM "blast"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tools.h"

enum { MAX_HEADERS = 16, MAX_FIRST = 8, MAX_SEQS = 8192, HELD = 4, IN_FLIGHT = 256, TEXT = 65536 };
enum mode { HTTP, WS, HOLD, SHOW };
enum role { ASKS_HTTP, ASKS_WS, DISPLAY };
enum phase { CONNECTING, SHAKING, AWAITING, READY, DEAD };

struct conn {
    int fd, no;
    enum role role;
    enum phase phase;
    bool busy, second, seen;
    struct text in, out;
    size_t out_done;
    uint64_t sent_at;
    char key[40], id[80];
    int held;                       /* show: frames that came before the answer named the number */
    uint64_t held_at[HELD];
    struct text held_text[HELD];
};

struct series { double *at; size_t len, room; };
struct seen_seq { char seq[48]; long count; uint64_t first, last; };

static struct {
    enum mode mode;
    int port, conns, headers, ws_headers, firsts;
    double seconds, warmup, gap_ms;
    long requests;
    const char *method, *path, *body, *expect, *then_path, *then_body, *ws_path, *await, *seen;
    const char *header[MAX_HEADERS], *ws_header[MAX_HEADERS], *first[MAX_FIRST];
    bool gate, count_frames;
} opt = {.conns = 1, .seconds = 5, .gap_ms = 20, .method = "POST", .path = "/", .body = "{}",
         .expect = "2", .ws_path = "/ws/v1", .then_body = "{}"};

static int ep;
static uint64_t now, run_id, keys;
static struct conn *all;
static int total, opened, pending, failed;
static bool measuring, stopping, stdin_spoke;
static long budget, sent, ok, after_ok, after_refused, lost, mismatched, closed, pings, frames, busy;
static long refused[1000];
static uint64_t last_ok_at;
static char sample[400];            /* the first refusal in words, for the person who reads it */
static struct series latency, shown, last_shown, spread;
static struct seen_seq seqs[MAX_SEQS];
static int seq_count;
static struct { char needle[64]; uint64_t began, first, last; int seen, audience; bool answered; } turn;

/* ------------------------------------------------------------------ small tools */

static uint64_t after(double seconds) { return now + (uint64_t)(seconds * 1e9); }

static void note(struct series *s, double value)
{
    if (s->len == s->room) {
        s->room = s->room ? s->room * 2 : 4096;
        if (!(s->at = realloc(s->at, s->room * sizeof *s->at))) die("out of memory");
    }
    s->at[s->len++] = value;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const struct series *s, double q)    /* of a sorted series */
{
    if (!s->len) return 0;
    size_t at = (size_t)(q * (double)s->len);
    return s->at[at < s->len ? at : s->len - 1];
}

static void print_series(const char *name, struct series *s)
{
    qsort(s->at, s->len, sizeof *s->at, by_size);
    printf(",\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f,\"%s_max_us\":%.1f", name, quantile(s, .5), name,
           quantile(s, .99), name, quantile(s, 1));
}

/* The first string value of a key at any depth, into a buffer. */
static bool any_string(const char *s, size_t n, const char *key, char *out, size_t room)
{
    char wanted[32];
    int w = snprintf(wanted, sizeof wanted, "\"%s\"", key);
    const char *at = memmem(s, n, wanted, (size_t)w);
    if (!at) return false;
    size_t i = skip_space(s, n, (size_t)(at - s) + (size_t)w);
    if (i >= n || s[i] != ':') return false;
    i = skip_space(s, n, i + 1);
    if (i >= n || s[i] != '"') return false;
    size_t len = string_end(s, n, i) - i - 2;
    if (len >= room) return false;
    memcpy(out, s + i + 1, len);
    out[len] = 0;
    return true;
}

/* ------------------------------------------------------------------ sockets */

static void watch(struct conn *c, int how, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(ep, how, c->fd, &e)) die("epoll_ctl failed");
}

static void flush_out(struct conn *c)
{
    while (c->out_done < c->out.len) {
        ssize_t n = send(c->fd, c->out.at + c->out_done, c->out.len - c->out_done, MSG_NOSIGNAL);
        if (n < 0) { watch(c, EPOLL_CTL_MOD, errno == EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN); return; }
        c->out_done += (size_t)n;
    }
    c->out.len = c->out_done = 0;
}

static void start_connecting(struct conn *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0) die("socket: too many open files?");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->phase = CONNECTING;
    c->busy = c->second = false;
    c->in.len = c->out.len = c->out_done = 0;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect failed");
    watch(c, EPOLL_CTL_ADD, EPOLLOUT);
    pending++;
}

static void settled(struct conn *c) { c->phase = READY; pending--; }

static void give_up(struct conn *c)
{
    bool was_pending = c->phase < READY, was_busy = c->busy;
    close(c->fd);
    c->phase = DEAD;
    pending -= was_pending;
    busy -= was_busy;
    c->busy = false;
    if (was_pending) { failed++; return; }
    if (c->role == DISPLAY && turn.began && !c->seen) turn.audience--;
    lost += was_busy;
    closed++;
    if (c->role == ASKS_HTTP && !stopping) start_connecting(c);
}

/* ------------------------------------------------------------------ what is sent */

static void fill_in(struct text *out, const char *template, const struct conn *c)
{
    for (const char *p = template, *q;; p = q + 2) {
        q = strchr(p, '%');
        while (q && !strchr("KCI", q[1])) q = strchr(q + 1, '%');
        if (!q || !q[1]) { append(out, p, strlen(p)); return; }
        append(out, p, (size_t)(q - p));
        if (q[1] == 'K') append(out, c->key, strlen(c->key));
        if (q[1] == 'I') append(out, c->id, strlen(c->id));
        if (q[1] == 'C') appendf(out, "%d", c->no);
    }
}

static void new_key(struct conn *c)
{
    uint32_t a = (uint32_t)(run_id >> 32), b = run_id >> 16 & 0xffff, d = run_id >> 4 & 0xfff, e = run_id & 0xf;
    snprintf(c->key, sizeof c->key, "%08x-%04x-4%03x-a%03x-%012llx", a, b, d, e, (unsigned long long)keys++);
}

static void send_http(struct conn *c, const char *path, const char *body)
{
    static struct text filled;
    filled.len = 0;
    fill_in(&filled, body, c);
    appendf(&c->out, "%s ", opt.method);
    fill_in(&c->out, path, c);
    appendf(&c->out, " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
            opt.port, filled.len);
    for (int i = 0; i < opt.headers; i++) {
        fill_in(&c->out, opt.header[i], c);
        append(&c->out, "\r\n", 2);
    }
    append(&c->out, "\r\n", 2);
    append(&c->out, filled.at, filled.len);
}

static void send_filled_frame(struct conn *c, const char *template)
{
    static struct text filled;
    filled.len = 0;
    new_key(c);
    fill_in(&filled, template, c);
    append_frame(&c->out, TEXT_FRAME, filled.at, filled.len);
}

static void send_handshake(struct conn *c)
{
    append_handshake(&c->out, opt.ws_path, opt.port);
    for (int i = 0; i < opt.ws_headers; i++) appendf(&c->out, "%s\r\n", opt.ws_header[i]);
    append(&c->out, "\r\n", 2);
}

/* The next round of one closed loop, if there is still time and budget. */
static void ask(struct conn *c)
{
    if (stopping || budget == 0 || c->phase != READY || c->busy) return;
    budget -= budget > 0;
    new_key(c);
    if (c->role == ASKS_WS) send_filled_frame(c, opt.body);
    else send_http(c, opt.path, opt.body);
    c->busy = true;
    busy++;
    sent += measuring;
    c->sent_at = clock_ns();
    flush_out(c);
}

static void ask_second(struct conn *c)
{
    c->second = true;
    new_key(c);
    send_http(c, opt.then_path, opt.then_body);
    flush_out(c);
}

/* ------------------------------------------------------------------ what comes back */

/* A display that tells of what it has shown names the call by its number. */
static void tell_seen(struct conn *c, const char *s, size_t n)
{
    const char *end = s + n, *row = memmem(s, n, "[\"calls\",", 9);
    const char *call = row ? memmem(row, (size_t)(end - row), "\"call\":", 7) : NULL;
    size_t digits = 0;
    if (!call) return;
    for (call += 7; call + digits < end && call[digits] >= '0' && call[digits] <= '9' && digits < 20;) digits++;
    memcpy(c->id, call, digits);
    c->id[digits] = 0;
    send_filled_frame(c, opt.seen);
    flush_out(c);
}

static void show_matched(struct conn *c, uint64_t at, const char *s, size_t n)
{
    c->seen = true;
    turn.seen++;
    if (!turn.first || at < turn.first) turn.first = at;
    if (at > turn.last) turn.last = at;
    if (measuring) note(&shown, (double)(at - turn.began) / 1e3);
    if (opt.seen) tell_seen(c, s, n);
}

static void show_frame(struct conn *c, const char *s, size_t n)
{
    if (!turn.began || c->seen || !top_is(s, n, "type", "event")) return;
    if (turn.answered) {
        if (memmem(s, n, turn.needle, strlen(turn.needle))) show_matched(c, now, s, n);
    } else if (c->held < HELD) {
        c->held_text[c->held].len = 0;
        append(&c->held_text[c->held], s, n);
        c->held_at[c->held++] = now;
    }
}

/* The answer names the number that was called: now the frames held back can be told apart. */
static void show_answered(const char *s, size_t n)
{
    char number[60];
    if (!any_string(s, n, "number", number, sizeof number)) die("the answer to the call names no number");
    snprintf(turn.needle, sizeof turn.needle, "\"%s\"", number);
    turn.answered = true;
    for (int i = 0; i < total; i++)
        for (int h = 0; h < all[i].held && !all[i].seen; h++)
            if (memmem(all[i].held_text[h].at, all[i].held_text[h].len, turn.needle, strlen(turn.needle)))
                show_matched(&all[i], all[i].held_at[h], all[i].held_text[h].at, all[i].held_text[h].len);
}

static void answered(struct conn *c, bool good, int status, const char *s, size_t n)
{
    bool second = c->second;
    if (good && !second) any_string(s, n, "id", c->id, sizeof c->id);
    if (!good && !sample[0]) snprintf(sample, sizeof sample, "%d %.*s", status, (int)(n < 300 ? n : 300), s);
    if (measuring && second) { after_ok += good; after_refused += !good; }
    else if (measuring && good) { ok++; note(&latency, (double)(now - c->sent_at) / 1e3); last_ok_at = now; }
    else if (measuring) refused[status > 0 && status < 1000 ? status : 0]++;
    if (opt.mode == SHOW && !second && !good) die(sample);
    if (opt.mode == SHOW && !second) show_answered(s, n);
    if (opt.then_path && !second && good && n) { ask_second(c); return; }
    c->busy = c->second = false;
    busy--;
    if (opt.mode != SHOW) ask(c);
}

static void count_seq(const char *s, size_t n)
{
    const char *value;
    size_t len;
    frames++;
    if (!opt.count_frames || !top_is(s, n, "type", "event") || !top_value(s, n, "seq", &value, &len)) return;
    if (len > 47) len = 47;
    for (int i = seq_count - 1; i >= 0; i--)
        if (strlen(seqs[i].seq) == len && !memcmp(seqs[i].seq, value, len)) {
            seqs[i].count++;
            seqs[i].last = now;
            return;
        }
    if (seq_count == MAX_SEQS) return;
    memcpy(seqs[seq_count].seq, value, len);
    seqs[seq_count].count = 1;
    seqs[seq_count].first = seqs[seq_count].last = now;
    seq_count++;
}

static void text_came(struct conn *c, const char *s, size_t n)
{
    const char *value;
    size_t len;
    if (c->phase == AWAITING && top_is(s, n, "type", opt.await)) { settled(c); return; }
    if (c->role == DISPLAY) {
        count_seq(s, n);
        if (opt.mode == SHOW) show_frame(c, s, n);
        return;
    }
    bool good = top_is(s, n, "type", "result");
    if (!c->busy || (!good && !top_is(s, n, "type", "error"))) return;
    if (top_value(s, n, "id", &value, &len) && (len != strlen(c->key) || memcmp(value, c->key, len))) mismatched++;
    const char *status = good ? NULL : memmem(s, n, "\"status\":", 9);
    answered(c, good, good ? 200 : status ? atoi(status + 9) : 0, s, n);
}

static bool frame_came(struct conn *c, int opcode, const char *s, size_t n)
{
    if (opcode == CLOSE_FRAME) return false;
    if (opcode == PING_FRAME) { pings++; append_frame(&c->out, PONG_FRAME, s, n); flush_out(c); }
    if (opcode == TEXT_FRAME) text_came(c, s, n);
    return true;
}

/* How many bytes of whole frames were used; -1 when the connection is to be closed. */
static ssize_t eat_frames(struct conn *c)
{
    size_t done = 0, whole, len;
    const char *payload;
    while ((whole = whole_frame(c->in.at + done, c->in.len - done, &payload, &len))) {
        if (!frame_came(c, c->in.at[done] & 0xf, payload, len)) return -1;
        done += whole;
    }
    return (ssize_t)done;
}

/* Length of one whole HTTP answer at the start of the buffer, 0 when there is more to come. */
static size_t whole_answer(struct conn *c, int *status, size_t *head)
{
    append(&c->in, "", 1);                      /* a terminator, for strtol and strcasestr */
    c->in.len--;
    char *end = memmem(c->in.at, c->in.len, "\r\n\r\n", 4);
    if (!end) return 0;
    *head = (size_t)(end - c->in.at) + 4;
    *status = atoi(c->in.at + 9);
    *end = 0;
    const char *length = strcasestr(c->in.at, "\r\ncontent-length:");
    if (strcasestr(c->in.at, "\r\ntransfer-encoding:")) die("a chunked answer: not supported");
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
    *end = '\r';
    return c->in.len >= *head + body ? *head + body : 0;
}

static ssize_t eat_http(struct conn *c)
{
    int status;
    size_t head, whole = whole_answer(c, &status, &head);
    if (!whole || !c->busy) return 0;
    char code[8];
    snprintf(code, sizeof code, "%d", status);
    bool good = !strncmp(code, c->second ? "2" : opt.expect, strlen(c->second ? "2" : opt.expect));
    static struct text body;                    /* the next request may overwrite the buffer */
    body.len = 0;
    append(&body, c->in.at + head, whole - head);
    answered(c, good, status, body.at, body.len);
    return (ssize_t)whole;
}

static ssize_t eat_handshake(struct conn *c)
{
    int status;
    size_t head, whole = whole_answer(c, &status, &head);
    if (!whole) return 0;
    if (status != 101) {
        if (!sample[0]) snprintf(sample, sizeof sample, "handshake: %.300s", c->in.at);
        return -1;
    }
    c->phase = AWAITING;
    for (int i = 0; i < opt.firsts; i++) send_filled_frame(c, opt.first[i]);
    flush_out(c);
    if (!opt.await) settled(c);
    return (ssize_t)head;
}

static ssize_t eat(struct conn *c)
{
    if (c->role == ASKS_HTTP) return eat_http(c);
    return c->phase == SHAKING ? eat_handshake(c) : eat_frames(c);
}

static void readable(struct conn *c)
{
    static char chunk[TEXT];
    ssize_t n = recv(c->fd, chunk, sizeof chunk, 0), used;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { give_up(c); return; }
    now = clock_ns();
    append(&c->in, chunk, (size_t)n);
    while ((used = eat(c)) > 0) {
        c->in.len -= (size_t)used;
        memmove(c->in.at, c->in.at + used, c->in.len);
        if (!c->in.len) break;
    }
    if (used < 0) give_up(c);
}

static void connected(struct conn *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) { give_up(c); return; }
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    if (c->role == ASKS_HTTP) { settled(c); ask(c); return; }
    c->phase = SHAKING;
    send_handshake(c);
    flush_out(c);
}

static void happened(struct conn *c, uint32_t events)
{
    if (!c) { stdin_spoke = true; epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL); return; }
    if (c->phase == DEAD) return;
    if (c->phase == CONNECTING) { connected(c); return; }
    if (events & EPOLLOUT) { watch(c, EPOLL_CTL_MOD, EPOLLIN); flush_out(c); }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
}

/* ------------------------------------------------------------------ the course of a run */

static bool never(void) { return false; }
static bool all_settled(void) { return opened == total && pending == 0; }
static bool all_quiet(void) { return busy == 0; }
static bool budget_spent(void) { return budget == 0 && busy == 0; }
static bool turn_over(void) { return turn.answered && turn.seen >= turn.audience; }
static bool told_to_stop(void) { return stdin_spoke; }

/* Handles what comes until the condition holds or the time is over. */
static void pump(bool (*done)(void), uint64_t until)
{
    struct epoll_event events[256];
    for (now = clock_ns(); !done() && now < until; now = clock_ns()) {
        while (opened < total && pending < IN_FLIGHT) start_connecting(&all[opened++]);
        int wait = (int)((until - now) / 1000000) + 1;
        int n = epoll_wait(ep, events, 256, wait > 1000 ? 1000 : wait);
        now = clock_ns();
        for (int i = 0; i < n; i++) happened(events[i].data.ptr, events[i].events);
    }
}

static void connect_all(void)
{
    total = opt.conns + (opt.mode == SHOW);
    if (!(all = calloc((size_t)total, sizeof *all))) die("out of memory");
    for (int i = 0; i < total; i++) {
        all[i].no = i + 1;
        all[i].role = opt.mode == HTTP ? ASKS_HTTP : opt.mode == WS ? ASKS_WS : DISPLAY;
    }
    if (opt.mode == SHOW) { all[total - 1].role = ASKS_HTTP; all[total - 1].no = 1; }
    now = clock_ns();
    pump(all_settled, after(30 + total / 200.0));
    if (failed || !all_settled()) fprintf(stderr, "blast: %d of %d not connected; %s\n", failed + pending, total, sample);
}

/* Closed loops for a time or for a number of requests, then the answers still under way. */
static void loops(double seconds, long requests)
{
    stopping = false;
    budget = requests > 0 ? requests : -1;
    for (int i = 0; i < total; i++) ask(&all[i]);
    pump(requests > 0 ? budget_spent : never, after(seconds));
    stopping = true;
    pump(all_quiet, after(10));
    budget = 0;
}

static void one_turn(void)
{
    struct conn *caller = &all[total - 1];
    pump(all_quiet, after(5));                  /* the second step of the turn before */
    memset(&turn, 0, sizeof turn);
    for (int i = 0; i < total; i++) {
        all[i].seen = false;
        all[i].held = 0;
        turn.audience += all[i].role == DISPLAY && all[i].phase == READY;
    }
    turn.began = clock_ns();
    budget = 1;
    ask(caller);
    pump(turn_over, after(5));
    if (!turn_over()) { lost++; turn.began = 0; return; }
    if (measuring) {
        note(&last_shown, (double)(turn.last - turn.began) / 1e3);
        note(&spread, (double)(turn.last - turn.first) / 1e3);
    }
    turn.began = 0;
    pump(never, after(opt.gap_ms / 1e3));
}

static void turns(double seconds, long requests)
{
    uint64_t until = after(seconds);
    stopping = false;
    for (long i = 0; (requests <= 0 || i < requests) && now < until && lost < 5; i++) one_turn();
}

static void work(double seconds, long requests)
{
    now = clock_ns();
    if (opt.mode == SHOW) turns(seconds, requests);
    else if (opt.mode == HOLD) pump(told_to_stop, after(seconds));
    else loops(seconds, requests);
}

static int alive(void)
{
    int count = 0;
    for (int i = 0; i < total; i++) count += all[i].phase == READY;
    return count;
}

static void print_refused(void)
{
    printf(",\"refused\":{");
    for (int i = 0, some = 0; i < 1000; i++)
        if (refused[i]) printf("%s\"%d\":%ld", some++ ? "," : "", i, refused[i]);
    printf("}");
}

static void print_broadcasts(void)
{
    printf(",\"broadcasts\":[");
    for (int i = 0; i < seq_count; i++)
        printf("%s{\"seq\":\"%s\",\"count\":%ld,\"first_ns\":%llu,\"last_ns\":%llu}", i ? "," : "", seqs[i].seq,
               seqs[i].count, (unsigned long long)seqs[i].first, (unsigned long long)seqs[i].last);
    printf("]");
}

static void report(uint64_t began, double cpu)
{
    double took = (double)(clock_ns() - began) / 1e9, until_last = (double)(last_ok_at - began) / 1e9;
    printf("{\"conns\":%d,\"alive\":%d,\"failed\":%d,\"closed\":%ld,\"seconds\":%.6f,\"cpu_s\":%.6f,\"pings\":%ld", total,
           alive(), failed, closed, took, cpu, pings);
    if (opt.mode != HOLD) {
        printf(",\"sent\":%ld,\"ok\":%ld,\"lost\":%ld,\"mismatched\":%ld,\"after_ok\":%ld,\"after_refused\":%ld,\"rate\":%.1f",
               sent, ok, lost, mismatched, after_ok, after_refused, ok && until_last > 0 ? (double)ok / until_last : 0);
        print_refused();
        print_series("latency", &latency);
    }
    if (opt.mode == SHOW) {
        print_series("display", &shown);
        print_series("last", &last_shown);
        print_series("spread", &spread);
    }
    if (opt.mode == HOLD || opt.mode == SHOW) printf(",\"frames\":%ld", frames);
    if (opt.count_frames) print_broadcasts();
    printf("}\n");
    if (sample[0]) fprintf(stderr, "blast: first refusal: %s\n", sample);
}

static void wait_at_gate(void)
{
    char line[64];
    printf("{\"ready\":%d,\"failed\":%d}\n", alive(), failed + pending);
    fflush(stdout);
    if (opt.gate && !fgets(line, sizeof line, stdin)) exit(3);
    if (opt.mode == HOLD) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
    }
}

static void push(const char **list, int *count, int most)
{
    if (*count == most) die("too many options of one kind");
    list[(*count)++] = optarg;
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"conns", 1, 0, 'n'}, {"seconds", 1, 0, 's'}, {"requests", 1, 0, 'r'},
        {"warmup", 1, 0, 'w'}, {"method", 1, 0, 'm'}, {"path", 1, 0, 'u'}, {"body", 1, 0, 'b'},
        {"expect", 1, 0, 'e'}, {"header", 1, 0, 'h'}, {"ws-header", 1, 0, 'H'}, {"ws-path", 1, 0, 'U'},
        {"first", 1, 0, 'f'}, {"await", 1, 0, 'a'}, {"then-path", 1, 0, 't'}, {"then-body", 1, 0, 'T'},
        {"gap-ms", 1, 0, 'G'}, {"seen", 1, 0, 'S'}, {"gate", 0, 0, 'g'}, {"count-frames", 0, 0, 'c'}, {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (o) {
        case 'p': opt.port = atoi(optarg); break;
        case 'n': opt.conns = atoi(optarg); break;
        case 's': opt.seconds = atof(optarg); break;
        case 'r': opt.requests = atol(optarg); break;
        case 'w': opt.warmup = atof(optarg); break;
        case 'm': opt.method = optarg; break;
        case 'u': opt.path = optarg; break;
        case 'b': opt.body = optarg; break;
        case 'e': opt.expect = optarg; break;
        case 'h': push(opt.header, &opt.headers, MAX_HEADERS); break;
        case 'H': push(opt.ws_header, &opt.ws_headers, MAX_HEADERS); break;
        case 'U': opt.ws_path = optarg; break;
        case 'f': push(opt.first, &opt.firsts, MAX_FIRST); break;
        case 'a': opt.await = optarg; break;
        case 't': opt.then_path = optarg; break;
        case 'T': opt.then_body = optarg; break;
        case 'G': opt.gap_ms = atof(optarg); break;
        case 'S': opt.seen = optarg; break;
        case 'g': opt.gate = true; break;
        case 'c': opt.count_frames = true; break;
        default: exit(2);
    }
}

static enum mode mode_named(const char *name)
{
    static const char *names[] = {"http", "ws", "hold", "show"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i])) return (enum mode)i;
    die("the first argument is http, ws, hold or show");
    return HTTP;
}

int main(int argc, char **argv)
{
    if (argc < 2) die("usage: blast http|ws|hold|show --port P --conns N [options]; see load/README.md");
    opt.mode = mode_named(argv[1]);
    read_options(argc - 1, argv + 1);
    if (opt.port <= 0 || opt.conns <= 0) die("--port and --conns are needed");
    if (getrandom(&run_id, sizeof run_id, 0) != sizeof run_id) die("no random bytes");
    alarm((unsigned)(opt.seconds + opt.warmup + 120 + opt.conns / 100));
    ep = epoll_create1(EPOLL_CLOEXEC);
    connect_all();
    if (opt.warmup > 0 && opt.mode != HOLD) work(opt.warmup, 0);
    wait_at_gate();
    measuring = true;
    lost = closed = pings = frames = 0;
    double cpu = own_cpu();
    uint64_t began = clock_ns();
    work(opt.seconds, opt.requests);
    report(began, own_cpu() - cpu);
    return 0;
}
