#include "net/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace towline::net {
namespace {

// What systemd is to a service: a datagram socket and a few variables.
class Listener {
 public:
  explicit Listener(std::string name) : name_(std::move(name)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_[0] == '@') address.sun_path[0] = '\0';
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())),
              0);
    setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  }
  ~Listener() {
    close(fd_);
    if (name_[0] != '@') std::filesystem::remove(name_);
  }

  // The next message that has come; empty when there is none.
  std::string Next() const {
    char text[256];
    const ssize_t got = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(text, static_cast<std::size_t>(got));
  }

 private:
  const std::string name_;
  const int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

class ServiceManagerTest : public ::testing::TestWithParam<const char*> {
 protected:
  ServiceManagerTest() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  static std::string Name() {
    const std::string name = "towline-notify-" + std::to_string(getpid());
    return GetParam() + name;
  }
};

TEST_P(ServiceManagerTest, HearsOfReadinessLifeAndTheEnd) {
  const Listener listener(Name());
  setenv("WATCHDOG_USEC", "30000000", 1);
  ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_EQ(manager.alive_every(), std::chrono::milliseconds(10'000));
  EXPECT_EQ(listener.Next(), "");
  manager.Ready();
  EXPECT_EQ(listener.Next(), "READY=1");
  manager.Alive();
  EXPECT_EQ(listener.Next(), "WATCHDOG=1");
  manager.Alive();
  EXPECT_EQ(listener.Next(), "") << "again only when it is due";
  manager.Stopping();
  EXPECT_EQ(listener.Next(), "STOPPING=1");
}
INSTANTIATE_TEST_SUITE_P(APathAndANameWithoutAFile, ServiceManagerTest,
                         ::testing::Values("/tmp/", "@"));

class EnvironmentTest : public ServiceManagerTest {};
INSTANTIATE_TEST_SUITE_P(Abstract, EnvironmentTest, ::testing::Values("@"));

TEST_P(EnvironmentTest, WhatItStartsCannotReportInItsName) {
  const Listener listener(Name());
  setenv("WATCHDOG_USEC", "1000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_TRUE(ServiceManager::FromEnvironment().alive_every());
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

TEST_P(EnvironmentTest, AWatchdogOfAnotherProcessIsNotOurs) {
  const Listener listener(Name());
  setenv("WATCHDOG_USEC", "1000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_FALSE(manager.alive_every());
  manager.Alive();
  EXPECT_EQ(listener.Next(), "");
}

TEST_P(EnvironmentTest, WithoutAManagerNothingHappens) {
  setenv("WATCHDOG_USEC", "1000", 1);
  ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_FALSE(manager.alive_every());
  manager.Ready();
  manager.Alive();
  manager.Stopping();
}

}  // namespace
}  // namespace towline::net
