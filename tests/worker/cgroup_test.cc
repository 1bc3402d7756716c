// What is written where in the cgroup tree, and what is refused; the tree is a directory of the
// test's own here, so that it does not depend on what this host hands over.

#include "worker/cgroup.h"

#include <gtest/gtest.h>

#include "tests/base/scratch.h"
#include "worker/program_limits.h"

namespace towline::worker::testing {
namespace {

class CgroupTest : public ::testing::Test {
 protected:
  // A kernel makes the files of a group; here they are there before, where they are needed.
  void MakeFiles(const std::string& folder, std::initializer_list<const char*> files) {
    std::filesystem::create_directories(scratch_.path() + "/" + folder);
    for (const char* const each : files) scratch_.Write(folder + "/" + each, "");
  }
  Result<std::unique_ptr<Cgroups>> Open() { return Cgroups::Open("w", scratch_.path()); }

  Scratch scratch_;
};

TEST_F(CgroupTest, TheControllersAreAskedForDownToTheJobs) {
  MakeFiles(".", {"cgroup.procs", "cgroup.subtree_control"});
  MakeFiles("towline-w", {"cgroup.subtree_control"});
  scratch_.Write("cgroup.controllers", "cpuset cpu io memory pids\n");
  const auto cgroups = Open();
  ASSERT_TRUE(cgroups) << cgroups.error().message;
  EXPECT_EQ((*cgroups)->Controllers(), "cpu, memory, pids");
  EXPECT_EQ(scratch_.Read("cgroup.subtree_control").substr(0, 5), "+pids");
  EXPECT_EQ(scratch_.Read("towline-w/cgroup.subtree_control").substr(0, 5), "+pids");
}

TEST_F(CgroupTest, WhatTheHostDoesNotHandOnIsKeptByResourceLimitsOrNamed) {
  MakeFiles(".", {"cgroup.procs", "cgroup.subtree_control"});
  MakeFiles("towline-w", {"cgroup.subtree_control"});
  scratch_.Write("cgroup.controllers", "memory\n");
  const auto cgroups = Open();
  ASSERT_TRUE(cgroups) << cgroups.error().message;
  EXPECT_EQ((*cgroups)->Controllers(), "memory");
  const Program program{.limits = {.cpu = 0.5, .memory_mb = 64, .pids = 10, .open_files = 30}};
  EXPECT_EQ(ResourceLimitsOf(program, cgroups->get()).size(), 1U) << "open_files";
  EXPECT_EQ(ResourceLimitsOf(program, nullptr).size(), 2U) << "and memory";
  EXPECT_EQ(UnkeptLimitsOf(program, cgroups->get()), (std::vector<std::string>{"cpu", "pids"}));
  Program other = program;
  other.user = User{.name = "jobs", .uid = 1234};
  EXPECT_EQ(UnkeptLimitsOf(other, nullptr), std::vector<std::string>{"cpu"});
}

TEST_F(CgroupTest, WithoutATreeOfOurOwnItSaysWhy) {
  const auto cgroups = Open();
  ASSERT_FALSE(cgroups);
  EXPECT_NE(cgroups.error().message.find("cannot write to " + scratch_.path()), std::string::npos)
      << cgroups.error().message;
}

}  // namespace
}  // namespace towline::worker::testing
