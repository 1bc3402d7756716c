#include "orchestrator/dispatch/job_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace towline::dispatch {
namespace {

// Random inserts and erases against std::map; pointers stay valid throughout.
TEST(JobTableTest, AgreesWithAMap) {
  JobTable table;
  std::map<engine::TaskRef, Job*> model;
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; i++) {
    const engine::TaskRef ref{static_cast<int>(random() % 2),
                              static_cast<store::ExecutionKey>(random() % 3'000), random() % 4};
    const auto known = model.find(ref);
    ASSERT_EQ(table.Find(ref), known == model.end() ? nullptr : known->second);
    if (known == model.end()) {
      model[ref] = &table.Insert(ref);
    } else if (random() % 2 == 0) {
      table.Erase(ref);
      model.erase(known);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  std::size_t seen = 0;
  table.ForEach([&](const Job& job) {
    seen++;
    EXPECT_EQ(model.at(job.ref), &job);
  });
  EXPECT_EQ(seen, model.size());
}

TEST(JobTableTest, ARecordIsAsNewAfterAnErase) {
  JobTable table;
  const engine::TaskRef a{0, 1, 2}, b{0, 3, 4};
  table.Insert(a).attempt = 9;
  table.Erase(a);
  EXPECT_EQ(table.Insert(b).attempt, 1U);
}

}  // namespace
}  // namespace towline::dispatch
