// Many workers in one process, each a client of the broker with the job type add-numbers.
//
//   towline-bench-fleet PORT FIRST COUNT
//
// They are the workers wFIRST and following. Connects them one after the other to the broker on
// 127.0.0.1 without TLS, announces each, says "ready" on standard output when all are connected,
// and then answers roll calls and jobs at once, until standard input ends. Prints one JSON line
// then: jobs answered, connections lost.

#include <mosquitto.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"

namespace towline::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kKeepAliveSeconds = 60;
constexpr int kEventsMax = 256;

struct Client {
  mosquitto* handle = nullptr;
  std::string principal{};
  std::uint64_t seen = 0;
  bool connected = false;
  bool writing = false;  // epoll knows that it has something to write
};

struct Fleet {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Client>> clients{};
  long answered = 0;
  long lost = 0;
  long connected = 0;
};
Fleet fleet;

void Publish(Client& client, const std::string& topic, const std::string& text, bool retain) {
  mosquitto_publish(client.handle, nullptr, topic.c_str(), static_cast<int>(text.size()),
                    text.data(), 1, retain);
}

void Announce(Client& client) {
  jobs::Presence presence{.incarnation = 1, .connection = 1, .seen = client.seen, .slots = 4};
  presence.types.push_back({.name = "add-numbers", .start = {}});
  Publish(client, jobs::PresenceTopic(client.principal), jobs::Encode(presence), true);
}

void OnJobs(Client& client, std::string_view text) {
  const auto batch = jobs::DecodeJobBatch(text);
  if (!batch) return;
  client.seen = batch->seq;
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  for (const jobs::Offer& offer : batch->jobs) {
    jobs::ResultBatch results{.incarnation = 1};
    results.results.push_back({.token = offer.token,
                               .attempt = offer.attempt,
                               .output = "{\"sum\":3}",
                               .started = now,
                               .finished = now});
    Publish(client, jobs::ResultsTopic(client.principal, offer.partition), jobs::Encode(results),
            false);
    fleet.answered++;
  }
}

void OnMessage(mosquitto* /*handle*/, void* self, const mosquitto_message* message) {
  Client& client = *static_cast<Client*>(self);
  const std::string_view text(static_cast<const char*>(message->payload),
                              static_cast<std::size_t>(message->payloadlen));
  if (message->topic == jobs::JobsTopic(client.principal)) return OnJobs(client, text);
  const auto control = jobs::DecodeControl(text);
  if (control && control->roll_call) Announce(client);
}

void OnConnect(mosquitto* handle, void* self, int code) {
  Client& client = *static_cast<Client*>(self);
  if (code != 0) return;
  client.connected = true;
  fleet.connected++;
  mosquitto_subscribe(handle, nullptr, jobs::JobsTopic(client.principal).c_str(), 1);
  mosquitto_subscribe(handle, nullptr, jobs::ControlTopic(client.principal).c_str(), 1);
  Announce(client);
}

void WatchSocket(Client& client, int how) {
  client.writing = mosquitto_want_write(client.handle);
  epoll_event event{.events = EPOLLIN | (client.writing ? EPOLLOUT : 0U), .data = {.ptr = &client}};
  epoll_ctl(fleet.epoll, how, mosquitto_socket(client.handle), &event);
}

void Handle(Client& client, std::uint32_t events) {
  int code = MOSQ_ERR_SUCCESS;
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    code = mosquitto_loop_read(client.handle, 1);
  }
  if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write(client.handle)) {
    code = mosquitto_loop_write(client.handle, 1);
  }
  if (code != MOSQ_ERR_SUCCESS) {
    fleet.lost++;
    client.connected = false;
    return;
  }
  if (mosquitto_want_write(client.handle) != client.writing) WatchSocket(client, EPOLL_CTL_MOD);
}

void Turn(int patience_ms) {
  epoll_event events[kEventsMax];
  const int count = epoll_wait(fleet.epoll, events, kEventsMax, patience_ms);
  for (int i = 0; i < count; i++) {
    Handle(*static_cast<Client*>(events[i].data.ptr), events[i].events);
  }
}

bool Add(int port, int number) {
  auto client = std::make_unique<Client>();
  client->principal = "default_w" + std::to_string(number);
  client->handle = mosquitto_new(client->principal.c_str(), true, client.get());
  mosquitto_username_pw_set(client->handle, client->principal.c_str(), "");
  mosquitto_int_option(client->handle, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client->handle, OnConnect);
  mosquitto_message_callback_set(client->handle, OnMessage);
  if (mosquitto_connect(client->handle, "127.0.0.1", port, kKeepAliveSeconds) != 0) return false;
  WatchSocket(*client, EPOLL_CTL_ADD);
  fleet.clients.push_back(std::move(client));
  return true;
}

bool InputEnded() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, 0) > 0;
}

int Run(int port, int first, int count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  mosquitto_lib_init();
  for (int i = 0; i < count; i++) {
    if (!Add(port, first + i)) {
      std::fprintf(stderr, "client %d cannot connect; ulimit -n of this shell and the broker's?\n",
                   i);
      return 1;
    }
    while (fleet.connected + 64 < i) Turn(100);
  }
  while (fleet.connected < count) Turn(100);
  std::printf("ready\n");
  std::fflush(stdout);
  // Each is looked at once in five seconds, none at the same time as all the others: so many
  // workers at so many sites would not be, either.
  std::size_t at = 0;
  auto looked = std::chrono::steady_clock::now();
  while (!InputEnded()) {
    Turn(10);
    const auto passed = std::chrono::steady_clock::now() - looked;
    const auto due = fleet.clients.size() * static_cast<std::size_t>(passed / 1ms) / 5'000;
    if (due == 0) continue;
    looked += passed;
    for (std::size_t i = 0; i < due; i++) {
      mosquitto_loop_misc(fleet.clients[at++ % fleet.clients.size()]->handle);
    }
  }
  std::printf("{\"answered\":%ld,\"lost\":%ld}\n", fleet.answered, fleet.lost);
  return 0;
}

}  // namespace
}  // namespace towline::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: towline-bench-fleet PORT FIRST COUNT\n");
    return 2;
  }
  return towline::bench::Run(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
}
