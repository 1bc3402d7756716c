#include "worker/wake_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace towline::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class T>
bool Readable(const WakeQueue<T>& queue) {
  pollfd wait{.fd = queue.fd(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, 0) == 1;
}

TEST(WakeQueueTest, IsReadableWhileSomethingWaits) {
  WakeQueue<int> queue;
  EXPECT_FALSE(Readable(queue));
  queue.Push(1);
  queue.Push(2);
  EXPECT_TRUE(Readable(queue));
  EXPECT_THAT(queue.TakeAll(), ElementsAre(1, 2));
  EXPECT_FALSE(Readable(queue));
  EXPECT_THAT(queue.TakeAll(), IsEmpty());
  queue.Push(3);
  EXPECT_TRUE(Readable(queue)) << "again";
}

TEST(WakeQueueTest, NothingOfManyThreadsIsLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  WakeQueue<int> queue;
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; thread++) {
    threads.emplace_back([&queue] {
      for (int i = 0; i < kEach; i++) queue.Push(i);
    });
  }
  std::size_t taken = 0;
  while (taken < std::size_t{kThreads} * kEach) {
    pollfd wait{.fd = queue.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&wait, 1, 10'000), 1) << "it waits and nobody has said so";
    taken += queue.TakeAll().size();
  }
  EXPECT_EQ(taken, std::size_t{kThreads} * kEach);
}

}  // namespace
}  // namespace towline::worker
