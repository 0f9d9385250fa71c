/*
 * The load client of the benchmarks: one process, one epoll loop, thousands of WebSocket connections. It subscribes, publishes, and counts
 * what arrives, so cheaply that the server is what the figures show. Arguments are key=value; it prints JSON lines:
 *
 *   {"event":"ready","seconds":S}   all members are connected and joined, S seconds after the first connect
 *   {"event":"start"}               the measured window begins
 *   {"event":"stop"}                it ends
 *   {"event":"result",...}          what was measured
 *
 *   protocol=hub     Socket.IO with the hub's events: subscribe, publish, message
 *   protocol=stock   Socket.IO with the control server's: join, publish, message
 *   protocol=ws      bare WebSocket: "join <room>", and publications as JSON text
 *   mode=fanout      keeps `inflight` publications of each room under way: one is until every member has it and it is acknowledged
 *   mode=publish     without members; keeps `inflight` publications of each publisher under way: one is until it is acknowledged
 *   mode=rate        publishes `rate` per second, whatever comes back
 *   mode=idle        connects, joins where `room` is given, answers pings until the standard input ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, RING = 1 << 16, CONNECTING = 64, WATCHED = 32, FILLER_BYTES = 1 << 16, MAX_PUBLISHERS = 1024, TAIL_SECONDS = 10 };
typedef enum { CONNECT, UPGRADE, HANDSHAKE, JOIN, LIVE } State;
typedef enum { HUB, STOCK, WS } Protocol;
typedef enum { FANOUT, PUBLISH, RATE, IDLE } Mode;

/* A room's publications in the server's order; `have` counts, for each, the members that have it. */
typedef struct {
  uint32_t members;
  uint64_t published, complete;
  uint32_t have[RING];
} Room;

typedef struct {
  int fd;
  State state;
  uint8_t publisher, slow, watched, paused;
  uint32_t room;
  uint64_t received;
  /* The start of a frame whose rest has not come, and what the kernel did not take. */
  uint8_t *partial, *unsent;
  size_t partialBytes, unsentBytes;
  /* Of a watched member: by publisher, the number that must come next. */
  uint32_t *next;
  /* Of a publisher: what it sends next, in one write. */
  uint8_t *composed;
  size_t composedBytes, composedRoom;
  uint64_t unacknowledged;
} Connection;

static struct {
  const char *host, *path, *room;
  int port, members, rooms, publishers, inflight, bytes, deflate, slow, addresses;
  double rate, seconds, warmup;
  Protocol protocol;
  Mode mode;
} options = {.host = "127.0.0.1", .path = "/socket.io/", .room = "chat:bench", .members = 1000, .rooms = 1, .publishers = 1,
             .inflight = 64, .bytes = 128, .addresses = 8, .rate = 200, .seconds = 5, .warmup = 2};

static Connection *connections;
static Room *rooms;
static int total, opened, live, epoll_fd;
static uint8_t *input;
static uint32_t (*sentInRoom)[MAX_PUBLISHERS];
/* The code of the first publication that was refused. */
static char refusal[32];
static uint64_t published, acknowledged, complete, refused, misordered, deliveries, wireBytes, nextPublication;
static char *filler;
static int measuring;
static struct { uint64_t published, deliveries, bytes; } window;
static uint32_t *latencies;
static size_t latencyCount, latencyRoom;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpuSeconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  fflush(stdout);
}

/* ---- writing ---- */

static void watch(Connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void writeBytes(Connection *connection, const void *bytes, size_t length) {
  ssize_t sent = 0;
  if (!connection->unsentBytes) {
    sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) fail("a connection ended while it was written to: %s", strerror(errno));
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return;
    watch(connection, EPOLLIN | EPOLLOUT);
  }
  size_t rest = length - sent;
  connection->unsent = realloc(connection->unsent, connection->unsentBytes + rest);
  memcpy(connection->unsent + connection->unsentBytes, (const uint8_t *)bytes + sent, rest);
  connection->unsentBytes += rest;
}

static void writeUnsent(Connection *connection) {
  ssize_t sent = send(connection->fd, connection->unsent, connection->unsentBytes, MSG_NOSIGNAL);
  if (sent < 0) return;
  connection->unsentBytes -= sent;
  memmove(connection->unsent, connection->unsent + sent, connection->unsentBytes);
  if (!connection->unsentBytes) watch(connection, EPOLLIN);
}

/* Puts a masked text frame at `to`; returns its length. */
static size_t frame(uint8_t *to, const char *text, size_t length) {
  static const uint8_t mask[4] = {0x5a, 0xc3, 0x17, 0x88};
  size_t at = 0;
  to[at++] = 0x81;
  if (length < 126) to[at++] = 0x80 | length;
  else if (length < 65536) {
    to[at++] = 0x80 | 126;
    to[at++] = length >> 8;
    to[at++] = length;
  } else {
    to[at++] = 0x80 | 127;
    for (int shift = 56; shift >= 0; shift -= 8) to[at++] = (uint64_t)length >> shift;
  }
  memcpy(to + at, mask, 4);
  at += 4;
  for (size_t i = 0; i < length; i++) to[at + i] = text[i] ^ mask[i & 3];
  return at + length;
}

static void sendText(Connection *connection, const char *format, ...) {
  char text[1024];
  uint8_t framed[1100];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  writeBytes(connection, framed, frame(framed, text, length));
}

/* ---- publishing ---- */

static size_t publication(char *to, size_t size, uint32_t index, uint32_t room) {
  char name[200];
  uint64_t id = nextPublication++;
  uint32_t n = sentInRoom[room][index]++;
  snprintf(name, sizeof name, options.rooms == 1 ? "%s" : "%s-%u", options.room, room);
  char data[200];
  int head = snprintf(data, sizeof data, "{\"p\":%u,\"n\":%u,\"t\":%.0f,\"x\":\"", index, n, now() * 1e6);
  int fill = options.bytes - head - 2;
  if (fill < 0) fill = 0;
  const char *words = filler + id * 97 % FILLER_BYTES;
  int length = 0;
  if (options.protocol != WS) length = snprintf(to, size, "42%llu[\"publish\",", (unsigned long long)id);
  length += snprintf(to + length, size - length, "{\"room\":\"%s\",\"id\":\"load-%d-%llu\",\"data\":%s%.*s\"}}", name, getpid(),
                     (unsigned long long)id, data, fill, words);
  if (options.protocol != WS) to[length++] = ']';
  return length;
}

/* Puts one publication behind those that its publisher sends in the same write. */
static void compose(uint32_t index, uint32_t room) {
  static char *text;
  Connection *publisher = &connections[options.members + index];
  size_t size = options.bytes + 1024;
  if (!text) text = malloc(size);
  if (publisher->composedBytes + size > publisher->composedRoom) {
    publisher->composedRoom = 2 * (publisher->composedBytes + size);
    publisher->composed = realloc(publisher->composed, publisher->composedRoom);
  }
  publisher->composedBytes += frame(publisher->composed + publisher->composedBytes, text, publication(text, size, index, room));
  publisher->unacknowledged++;
  rooms[room].published++;
  published++;
  if (measuring) window.published++;
}

static void sendComposed(void) {
  for (int i = options.members; i < total; i++) {
    Connection *publisher = &connections[i];
    if (publisher->composedBytes) writeBytes(publisher, publisher->composed, publisher->composedBytes);
    publisher->composedBytes = 0;
  }
}

/* Publishes so many, in turn over publishers and rooms. */
static void publish(uint64_t count) {
  static uint64_t turn;
  for (; count; count--, turn++) compose(turn % options.publishers, turn % options.rooms);
  sendComposed();
}

/* ---- reading ---- */

static uint64_t numberAfter(const char *text, size_t length, const char *key) {
  const char *at = memmem(text, length, key, strlen(key));
  return at ? strtoull(at + strlen(key), NULL, 10) : UINT64_MAX;
}

/* The publication's own numbers in a message that a watched member got: order, and time on the way. */
static void check(Connection *member, const char *text, size_t length) {
  const char *data = memmem(text, length, "{\"p\":", 5);
  if (!data) return;
  size_t rest = length - (data - text);
  uint64_t publisher = numberAfter(data, rest, "{\"p\":"), n = numberAfter(data, rest, "\"n\":"), sentUs = numberAfter(data, rest, "\"t\":");
  if (publisher >= MAX_PUBLISHERS || n != member->next[publisher]) misordered++;
  else member->next[publisher]++;
  double us = now() * 1e6 - sentUs;
  if (!measuring) return;
  if (latencyCount == latencyRoom) latencies = realloc(latencies, (latencyRoom = latencyRoom ? latencyRoom * 2 : 1 << 16) * sizeof *latencies);
  latencies[latencyCount++] = us < 0 ? 0 : us;
}

static void deliver(Connection *member, const char *text, size_t length, int compressed) {
  Room *room = &rooms[member->room];
  if (member->watched && !compressed) check(member, text, length);
  uint64_t index = member->received++;
  deliveries++;
  if (measuring) window.deliveries++;
  if (member->slow) return;
  if (++room->have[index % RING] < room->members) return;
  room->have[index % RING] = 0;
  room->complete++;
  complete++;
}

static void join(Connection *connection) {
  char name[200];
  snprintf(name, sizeof name, options.rooms == 1 ? "%s" : "%s-%u", options.room, connection->room);
  connection->state = JOIN;
  if (options.protocol == HUB) sendText(connection, "42999999999[\"subscribe\",{\"room\":\"%s\"}]", name);
  else if (options.protocol == STOCK) sendText(connection, "42999999999[\"join\",\"%s\"]", name);
  else sendText(connection, "join %s", name);
}

static void openNext(void);

static void arrive(Connection *connection) {
  connection->state = LIVE;
  live++;
  openNext();
}

static void isOpen(Connection *connection) {
  if (connection->publisher || !*options.room) arrive(connection);
  else join(connection);
}

static void acknowledge(Connection *connection, const char *text, size_t length) {
  int good = memmem(text, length < 400 ? length : 400, "\"ok\":true", 9) != NULL;
  if (connection->state == JOIN) {
    if (!good) fail("a room refused a member: %.*s", (int)length, text);
    arrive(connection);
    return;
  }
  acknowledged++;
  connection->unacknowledged--;
  if (!good && !refused++) {
    const char *code = memmem(text, length, "\"code\":\"", 8);
    if (code) sscanf(code + 8, "%31[a-z_]", refusal);
    fprintf(stderr, "refused: %.*s\n", (int)(length < 300 ? length : 300), text);
  }
}

static void textArrived(Connection *connection, const char *text, size_t length, int compressed) {
  if (compressed && connection->state == JOIN) arrive(connection);
  else if (compressed) deliver(connection, text, length, 1);
  else if (options.protocol == WS) {
    if (connection->state == JOIN) arrive(connection);
    else if (connection->publisher) acknowledge(connection, text, length);
    else deliver(connection, text, length, 0);
  } else if (text[0] == '0') sendText(connection, "40");
  else if (text[0] == '2') sendText(connection, "3");
  else if (length < 2 || text[0] != '4') return;
  else if (text[1] == '0') isOpen(connection);
  else if (text[1] == '4') fail("a connection was refused: %.*s", (int)length, text);
  else if (text[1] == '3') acknowledge(connection, text, length);
  else if (length > 11 && !memcmp(text, "42[\"message", 11)) deliver(connection, text, length, 0);
}

/* Takes the frames that are whole; returns how many bytes they had. */
static size_t takeFrames(Connection *connection, uint8_t *bytes, size_t length) {
  size_t at = 0;
  while (length - at >= 2) {
    size_t head = 2, size = bytes[at + 1] & 0x7f;
    if (size == 126) {
      if (length - at < 4) break;
      size = bytes[at + 2] << 8 | bytes[at + 3];
      head = 4;
    } else if (size == 127) {
      if (length - at < 10) break;
      size = 0;
      for (int i = 2; i < 10; i++) size = size << 8 | bytes[at + i];
      head = 10;
    }
    if (length - at < head + size) break;
    int opcode = bytes[at] & 0x0f;
    if (opcode == 8) fail("the server closed a connection");
    if (opcode == 9) fail("the server sent a WebSocket ping, which this client does not answer");
    textArrived(connection, (char *)bytes + at + head, size, bytes[at] & 0x40);
    at += head + size;
  }
  return at;
}

static size_t takeUpgrade(Connection *connection, uint8_t *bytes, size_t length) {
  uint8_t *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  if (memcmp(bytes, "HTTP/1.1 101", 12)) fail("no upgrade: %.*s", (int)(end - bytes), bytes);
  connection->state = HANDSHAKE;
  if (options.protocol == WS) isOpen(connection);
  return end + 4 - bytes;
}

static void readAll(Connection *connection) {
  if (connection->paused) return;
  size_t kept = connection->partialBytes;
  if (kept) memcpy(input, connection->partial, kept);
  ssize_t got = recv(connection->fd, input + kept, READ_BYTES, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) fail("a connection ended: %s", got ? strerror(errno) : "closed by the server");
  wireBytes += got;
  if (measuring) window.bytes += got;
  size_t length = kept + got, taken = 0;
  if (connection->state == UPGRADE) taken = takeUpgrade(connection, input, length);
  if (connection->state > UPGRADE) taken += takeFrames(connection, input + taken, length - taken);
  size_t rest = length - taken;
  if (rest > READ_BYTES) fail("a frame of more than %d bytes", READ_BYTES);
  if (rest > kept || (rest && !connection->partial)) connection->partial = realloc(connection->partial, rest);
  if (rest) memcpy(connection->partial, input + taken, rest);
  connection->partialBytes = rest;
  if (!rest && connection->partial) free(connection->partial), connection->partial = NULL;
}

/* ---- connecting ---- */

static void requestUpgrade(Connection *connection) {
  char request[700];
  connection->state = UPGRADE;
  int length = snprintf(request, sizeof request,
                        "GET %s%s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                        options.path, options.protocol == WS ? "" : "?EIO=4&transport=websocket", options.host, options.port,
                        options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
  watch(connection, EPOLLIN);
  writeBytes(connection, request, length);
}

static void openNext(void) {
  if (opened == total) return;
  Connection *connection = &connections[opened];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  if (fd < 0) fail("no more sockets: %s (ulimit -n?)", strerror(errno));
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + opened % options.addresses)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  inet_pton(AF_INET, options.host, &to.sin_addr);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (bind(fd, (void *)&from, sizeof from)) fail("bind: %s", strerror(errno));
  if (connect(fd, (void *)&to, sizeof to) && errno != EINPROGRESS) fail("connect: %s", strerror(errno));
  connection->fd = fd;
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  opened++;
}

static void finishConnect(Connection *connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) fail("connect: %s", strerror(error));
  requestUpgrade(connection);
}

/* One turn of the loop, of at most so many milliseconds. */
static void turn(int waitMs) {
  static struct epoll_event events[512];
  int count = epoll_wait(epoll_fd, events, 512, waitMs);
  for (int i = 0; i < count; i++) {
    Connection *connection = events[i].data.ptr;
    if (!connection) exit(0);
    if (connection->state == CONNECT) finishConnect(connection);
    else {
      if (events[i].events & EPOLLOUT) writeUnsent(connection);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readAll(connection);
    }
  }
}

/* ---- the run ---- */

/* Fills each room, or without members each publisher, up to what it may have under way. */
static void topUp(void) {
  static uint32_t turn;
  uint64_t inflight = options.inflight;
  if (options.members) {
    for (int i = 0; i < options.rooms; i++)
      while (rooms[i].published - rooms[i].complete < inflight && published - acknowledged < inflight * options.rooms)
        compose(turn++ % options.publishers, i);
  } else {
    for (int i = 0; i < options.publishers; i++)
      while (connections[i].unacknowledged < inflight) compose(i, turn++ % options.rooms);
  }
  sendComposed();
}

static void run(double until, double *dueAt) {
  for (double at = now(); at < until; at = now()) {
    if (options.mode == RATE) {
      uint64_t due = 0;
      for (; *dueAt <= at; *dueAt += 1 / options.rate) due++;
      if (due) publish(due);
      turn((*dueAt - at) * 1e3 < 1 ? 0 : 1);
    } else {
      topUp();
      turn(1);
    }
  }
}

static int byValue(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return left < right ? -1 : left > right;
}

static uint32_t percentile(double part) {
  return latencyCount ? latencies[(size_t)(part * (latencyCount - 1))] : 0;
}

static void stopReading(void) {
  for (int i = 0; i < options.members; i++) {
    if (!connections[i].slow) continue;
    connections[i].paused = 1;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, connections[i].fd, NULL);
  }
}

static void measure(void) {
  double dueAt = now();
  stopReading();
  run(now() + options.warmup, &dueAt);
  say("{\"event\":\"start\"}");
  double cpu = cpuSeconds(), start = now();
  measuring = 1;
  run(start + options.seconds, &dueAt);
  measuring = 0;
  double seconds = now() - start, used = cpuSeconds() - cpu;
  say("{\"event\":\"stop\"}");
  /* Of what is still under way, all must come. */
  for (double deadline = now() + TAIL_SECONDS; now() < deadline && (acknowledged < published || (options.members && complete < published));) turn(10);
  uint64_t incomplete = options.members ? published - complete : published - acknowledged;
  qsort(latencies, latencyCount, sizeof *latencies, byValue);
  say("{\"event\":\"result\",\"published\":%llu,\"deliveries\":%llu,\"seconds\":%.3f,\"p50Us\":%u,\"p99Us\":%u,\"maxUs\":%u,\"bytes\":%llu,"
      "\"cpuSeconds\":%.3f,\"utilisation\":%.3f,\"misordered\":%llu,\"incomplete\":%llu,\"refused\":%llu,\"refusal\":\"%s\"}",
      (unsigned long long)window.published, (unsigned long long)window.deliveries, seconds, percentile(0.5), percentile(0.99), percentile(1),
      (unsigned long long)window.bytes, used, used / seconds, (unsigned long long)misordered, (unsigned long long)incomplete,
      (unsigned long long)refused, refusal);
}

static int isKey(const char *argument, const char *key, const char **value) {
  size_t length = strlen(key);
  if (strncmp(argument, key, length) || argument[length] != '=') return 0;
  *value = argument + length + 1;
  return 1;
}

static int choice(const char *value, const char *key, const char *const names[], int count) {
  for (int i = 0; i < count; i++)
    if (!strcmp(value, names[i])) return i;
  fail("%s: %s is none of its values", key, value);
  return 0;
}

static void readOptions(int count, char **arguments) {
  static const char *const protocols[] = {"hub", "stock", "ws"}, *const modes[] = {"fanout", "publish", "rate", "idle"};
  struct { const char *key; int *value; } integers[] = {
      {"port", &options.port}, {"members", &options.members}, {"rooms", &options.rooms}, {"publishers", &options.publishers},
      {"inflight", &options.inflight}, {"bytes", &options.bytes}, {"deflate", &options.deflate}, {"slow", &options.slow},
      {"addresses", &options.addresses}};
  struct { const char *key; double *value; } reals[] = {{"rate", &options.rate}, {"seconds", &options.seconds}, {"warmup", &options.warmup}};
  struct { const char *key; const char **value; } texts[] = {{"host", &options.host}, {"path", &options.path}, {"room", &options.room}};
  for (int i = 1; i < count; i++) {
    const char *value;
    int known = 0;
    for (size_t k = 0; k < sizeof integers / sizeof *integers; k++)
      if (isKey(arguments[i], integers[k].key, &value)) *integers[k].value = atoi(value), known = 1;
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
      if (isKey(arguments[i], reals[k].key, &value)) *reals[k].value = atof(value), known = 1;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
      if (isKey(arguments[i], texts[k].key, &value)) *texts[k].value = value, known = 1;
    if (isKey(arguments[i], "protocol", &value)) options.protocol = choice(value, "protocol", protocols, 3), known = 1;
    if (isKey(arguments[i], "mode", &value)) options.mode = choice(value, "mode", modes, 4), known = 1;
    if (!known) fail("unknown argument: %s", arguments[i]);
  }
  if (!options.port) fail("port= is missing");
  if (options.mode == PUBLISH) options.members = 0;
  if (options.mode == IDLE) options.publishers = 0;
  else if (options.publishers < 1 || options.publishers > MAX_PUBLISHERS) fail("publishers: from 1 to %d", MAX_PUBLISHERS);
  if (options.rooms < 1 || options.inflight < 1 || options.inflight > 4096) fail("rooms: 1 at least; inflight: from 1 to 4096");
}

/* Words and numbers as in a line of a log: deflate makes some two fifths of them. */
static void fillWithWords(void) {
  static const char *const words[] = {"request", "user", "GET", "/api/rooms", "status", "latency", "of", "the", "worker", "timeout", "retry", "cache",
                                      "hit", "miss", "queue", "node", "eu-west", "error", "connect", "session", "bytes", "sent", "room", "shard"};
  uint32_t random = 12345;
  size_t size = FILLER_BYTES + options.bytes, at = 0;
  filler = malloc(size + 32);
  while (at < size) {
    random = random * 1664525 + 1013904223;
    if (random >> 30) at += sprintf(filler + at, "%s ", words[(random >> 8) % (sizeof words / sizeof *words)]);
    else at += sprintf(filler + at, "%u ", (random >> 8) % 100000);
  }
}

static void prepare(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  total = options.members + options.publishers;
  connections = calloc(total ? total : 1, sizeof *connections);
  rooms = calloc(options.rooms, sizeof *rooms);
  sentInRoom = calloc(options.rooms, sizeof *sentInRoom);
  input = malloc(2 * READ_BYTES);
  fillWithWords();
  epoll_fd = epoll_create1(0);
  int watchEvery = options.members / WATCHED > 0 ? options.members / WATCHED : 1;
  for (int i = 0; i < total; i++) {
    connections[i].publisher = i >= options.members;
    connections[i].room = i % options.rooms;
    if (connections[i].publisher) continue;
    connections[i].slow = i < options.slow;
    connections[i].watched = !connections[i].slow && i % watchEvery == 0;
    if (connections[i].watched) connections[i].next = calloc(MAX_PUBLISHERS, sizeof *connections[i].next);
    if (!connections[i].slow) rooms[connections[i].room].members++;
  }
}

int main(int count, char **arguments) {
  readOptions(count, arguments);
  prepare();
  double start = now();
  for (int i = 0; i < CONNECTING && i < total; i++) openNext();
  while (live < total) turn(100);
  say("{\"event\":\"ready\",\"seconds\":%.3f}", now() - start);
  if (options.mode != IDLE) {
    measure();
    return 0;
  }
  /* The null pointer stands for the standard input: whatever comes of it, it is the end. */
  struct epoll_event end = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &end);
  for (;;) turn(1000);
}
