#include "tests/store/store_suite.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/store/rows.h"

namespace towline::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string NameOf(const testing::TestParamInfo<Kind>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Stores, StoreSuite,
                         testing::Values(Kind{"Memory", MemoryPlace}, Kind{"Sqlite", SqlitePlace}),
                         NameOf);

TEST_P(StoreSuite, ANewStoreIsEmpty) {
  EXPECT_EQ(store_->LastKey(), 0);
  EXPECT_EQ(store_->Find("default", "m", "run"), std::nullopt);
  EXPECT_EQ(store_->Get(1), std::nullopt);
  EXPECT_THAT(AllOpenTasks(*store_), IsEmpty());
  EXPECT_THAT(store_->TimersDue(At(1'000'000), 10), IsEmpty());
  EXPECT_THAT(store_->List({.tenant = "default"}), IsEmpty());
  EXPECT_EQ(store_->CountRunning("default", ""), 0);
  EXPECT_FALSE(store_->RevisionInUse("hash-1"));
}

TEST_P(StoreSuite, WhatWasCommittedIsThereAfterARestart) {
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.steps = {AStep(1, 1, std::string("\0\xff bytes", 8)), AStep(2, 1, "")};
  batch.tasks_opened = {ATask(1, 3)};
  batch.timers_set = {ATimer(1, 3, 3, 500)};
  batch.snapshots = {{.execution = 1, .last_seq = 4, .state = std::string("\0state", 6)}};
  batch.evidence = {{.task = {1, 3}, .time = At(9), .worker = "t_w", .attempt = 2,
                     .what = "result succeeded", .data = "{}"}};
  store_->Commit(batch);
  for (int restarts = 0; restarts < 2; restarts++, Reopen()) {
    EXPECT_EQ(store_->LastKey(), 2);
    EXPECT_EQ(store_->Get(1), Execution(1));
    EXPECT_EQ(store_->Find("default", "m", "run-2"), Execution(2));
    EXPECT_EQ(AllSteps(*store_, 1), std::vector{batch.steps[0]});
    EXPECT_EQ(AllSteps(*store_, 2), std::vector{batch.steps[1]});
    EXPECT_EQ(store_->Tasks(1), batch.tasks_opened);
    EXPECT_EQ(store_->Task({1, 3}), batch.tasks_opened[0]);
    EXPECT_EQ(store_->Timers(1), batch.timers_set);
    EXPECT_EQ(store_->Snapshot(1), batch.snapshots[0]);
    EXPECT_EQ(store_->Evidence(1), batch.evidence);
  }
}

TEST_P(StoreSuite, StepsComeInOrderBothWaysAndStopWhenTold) {
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  // Seqs on both sides of every width a number may have.
  const std::vector<std::uint64_t> seqs = {1, 2, 130, 70'000, (1 << 20) - 1, 1 << 20,
                                           (1 << 20) + 5, std::uint64_t{1} << 40};
  for (const std::uint64_t seq : seqs) batch.steps.push_back(AStep(1, seq));
  batch.steps.push_back(AStep(2, 1));
  store_->Commit(batch);
  std::vector<std::uint64_t> forwards;
  for (const StepRow& row : AllSteps(*store_, 1)) forwards.push_back(row.first_seq);
  EXPECT_EQ(forwards, seqs);
  EXPECT_THAT(AllSteps(*store_, 1, 70'001), SizeIs(4));
  EXPECT_THAT(AllSteps(*store_, 1, (1 << 20) + 1), SizeIs(2));
  EXPECT_THAT(AllSteps(*store_, 2, 2), IsEmpty());
  const std::vector<std::uint64_t> reversed(seqs.rbegin(), seqs.rend());
  EXPECT_EQ(SeqsBackwards(*store_, 1, UINT64_MAX), reversed);
  EXPECT_THAT(SeqsBackwards(*store_, 1, 130), ElementsAre(130, 2, 1));
  EXPECT_THAT(SeqsBackwards(*store_, 1, 1 << 20, 2), ElementsAre(1 << 20, (1 << 20) - 1));
  EXPECT_THAT(SeqsBackwards(*store_, 2, 5), ElementsAre(1));
  int visits = 0;
  store_->Steps(1, 0, [&](const StepRow&) { return ++visits < 3; });
  EXPECT_EQ(visits, 3);
}

TEST_P(StoreSuite, TasksOpenChangeAndClose) {
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.tasks_opened = {ATask(1, 3), ATask(1, 7), ATask(2, 3)};
  store_->Commit(batch);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  batch.tasks_updated = {{.key = {1, 3}, .state = TaskState::kAccepted, .attempt = 2,
                          .worker = "t_w", .incarnation = std::uint64_t{1} << 63},
                         {.key = {1, 7}, .attempt = 4, .spec = "\x02" "xyz"},
                         {.key = {9, 9}, .state = TaskState::kAccepted}};
  batch.tasks_closed = {{2, 3}, {9, 9}};
  store_->Commit(batch);
  TaskRow accepted = ATask(1, 3);
  accepted.state = TaskState::kAccepted;
  accepted.attempt = 2;
  accepted.worker = "t_w";
  accepted.incarnation = std::uint64_t{1} << 63;
  TaskRow requeued = ATask(1, 7, "\x02" "xyz");
  requeued.attempt = 4;
  EXPECT_THAT(store_->Tasks(1), ElementsAre(accepted, requeued));
  EXPECT_THAT(store_->Tasks(2), IsEmpty());
  EXPECT_EQ(store_->Task({2, 3}), std::nullopt);
  // The pass over all of them carries only the front of each specification.
  accepted.spec = "\x03" "abc";
  requeued.spec = "\x02" "xy";
  EXPECT_THAT(AllOpenTasks(*store_), ElementsAre(accepted, requeued));
}

TEST_P(StoreSuite, TimersFallDueEarliestFirst) {
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.timers_set = {ATimer(1, 3, 3, 300), ATimer(1, 1, 5, 900), ATimer(2, 4, 1, 100),
                      ATimer(2, 4, 2, 301)};
  store_->Commit(batch);
  EXPECT_THAT(store_->TimersDue(At(302), 10),
              ElementsAre(ATimer(2, 4, 1, 100), ATimer(1, 3, 3, 300), ATimer(2, 4, 2, 301)));
  EXPECT_THAT(store_->TimersDue(At(300), 10), SizeIs(1)) << "due before, not at";
  EXPECT_THAT(store_->TimersDue(At(9999), 2), SizeIs(2));
  batch.Clear();
  batch.timers_set = {ATimer(1, 3, 3, 50)};                        // moved
  batch.timers_cleared = {ATimer(2, 4, 1, 0), ATimer(7, 7, 7, 7)};  // `due` is not looked at
  store_->Commit(batch);
  EXPECT_THAT(store_->TimersDue(At(302), 10),
              ElementsAre(ATimer(1, 3, 3, 50), ATimer(2, 4, 2, 301)));
  EXPECT_THAT(store_->Timers(1), ElementsAre(ATimer(1, 1, 5, 900), ATimer(1, 3, 3, 50)));
}

TEST_P(StoreSuite, AClosedExecutionIsListedAsSuchAndLosesItsSnapshot) {
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.snapshots = {{.execution = 1, .last_seq = 4, .state = "s"}};
  store_->Commit(batch);
  batch.Clear();
  batch.closed = {{.key = 1, .status = Status::kTimedOut, .stopped = At(77)}};
  store_->Commit(batch);
  ExecutionRow closed = Execution(1);
  closed.status = Status::kTimedOut;
  closed.stopped = At(77);
  EXPECT_EQ(store_->Get(1), closed);
  EXPECT_EQ(store_->Find("default", "m", "run-1"), closed);

  batch.Clear();
  batch.reopened = {{.key = 1, .redrives = 2, .redriven = At(99)}};
  store_->Commit(batch);
  ExecutionRow reopened = Execution(1);
  reopened.redrives = 2;
  reopened.redriven = At(99);
  EXPECT_EQ(store_->Get(1), reopened);
  EXPECT_TRUE(store_->ClosedBefore(At(1'000), 10).empty());

  // Redriven and ended at once.
  batch.closed = {{.key = 1, .status = Status::kFailed, .stopped = At(100)}};
  store_->Commit(batch);
  EXPECT_EQ(store_->Get(1)->status, Status::kFailed);
  EXPECT_EQ(store_->Get(1)->stopped, At(100));
  EXPECT_EQ(store_->Snapshot(1), std::nullopt);
  EXPECT_EQ(store_->CountRunning("default", "m"), 1);
}

TEST_P(StoreSuite, ListsNewestFirstByMachineStatusAndPage) {
  Batch batch;
  for (ExecutionKey key = 1; key <= 9; key++) {
    batch.started.push_back(Execution(key, key % 3 == 0 ? "other" : "m"));
  }
  batch.started.push_back(Execution(10));
  batch.started.back().tenant = "acme";
  batch.closed = {{.key = 2, .status = Status::kFailed}, {.key = 7, .status = Status::kSucceeded}};
  store_->Commit(batch);
  const auto list = [&](const Queries::ListFilter& filter) { return Keys(store_->List(filter)); };
  EXPECT_THAT(list({.tenant = "default"}), ElementsAre(9, 8, 7, 6, 5, 4, 3, 2, 1));
  EXPECT_THAT(list({.tenant = "default", .machine = "m"}), ElementsAre(8, 7, 5, 4, 2, 1));
  EXPECT_THAT(list({.tenant = "default", .machine = "m", .limit = 2}), ElementsAre(8, 7));
  EXPECT_THAT(list({.tenant = "default", .machine = "m", .before = 7, .limit = 2}),
              ElementsAre(5, 4));
  EXPECT_THAT(list({.tenant = "default", .status = Status::kRunning, .limit = 3}),
              ElementsAre(9, 8, 6));
  EXPECT_THAT(list({.tenant = "default", .machine = "m", .status = Status::kFailed}),
              ElementsAre(2));
  EXPECT_THAT(list({.tenant = "acme"}), ElementsAre(10));
  EXPECT_THAT(list({.tenant = "nobody"}), IsEmpty());
  EXPECT_THAT(list({.tenant = "default", .machine = "nothing"}), IsEmpty());
  EXPECT_THAT(list({.tenant = "default", .limit = 0}), IsEmpty());
  EXPECT_EQ(store_->CountRunning("default", "m"), 4);
  EXPECT_EQ(store_->CountRunning("default", ""), 7);
}

TEST_P(StoreSuite, MapRunsAreRowsOfTheirExecution) {
  const MapRunRow first{.key = {1, 5}, .id = "0000-a", .spec = "order", .progress = "none"};
  const MapRunRow second{.key = {1, 70'000}, .id = "0000-b", .spec = "", .progress = "some"};
  const MapRunRow other{.key = {2, 5}, .id = "0000-c", .spec = "x", .progress = "y"};
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.map_runs_started = {first, second, other};
  store_->Commit(batch);
  EXPECT_THAT(AllOpenMapRuns(*store_), ElementsAre(first, second, other));
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  batch.map_runs_updated = {{.key = {1, 5}, .open = false, .progress = "all"},
                            {.key = {9, 9}, .open = false, .progress = "of nobody"}};
  EXPECT_FALSE(batch.empty());
  store_->Commit(batch);
  MapRunRow ended = first;
  ended.open = false;
  ended.progress = "all";
  for (int restarts = 0; restarts < 2; restarts++, Reopen()) {
    EXPECT_THAT(AllOpenMapRuns(*store_), ElementsAre(second, other));
    EXPECT_THAT(store_->MapRuns(1), ElementsAre(ended, second)) << "oldest first";
    EXPECT_THAT(store_->MapRuns(3), IsEmpty());
    EXPECT_EQ(store_->MapRun({1, 5}), ended);
    EXPECT_EQ(store_->MapRun({2, 70'000}), std::nullopt);
    EXPECT_EQ(store_->FindMapRun("0000-b"), second);
    EXPECT_EQ(store_->FindMapRun("0000-d"), std::nullopt);
  }
  batch.Clear();
  batch.deleted = {1};
  store_->Commit(batch);
  EXPECT_EQ(store_->FindMapRun("0000-b"), std::nullopt);
  EXPECT_EQ(store_->FindMapRun("0000-c"), other);
}

TEST_P(StoreSuite, ChildrenOfAMapRunAreListedByItAlone) {
  const MapRunKey run{1, 5};
  Batch batch;
  batch.started = {Execution(1), Execution(7, "other")};
  for (std::uint64_t i = 0; i < 4; i++) {
    batch.started.push_back(Child(static_cast<ExecutionKey>(2 + i), run, i));
  }
  batch.started.push_back(Child(6, {1, 9}, 0));
  batch.closed = {{.key = 3, .status = Status::kFailed}, {.key = 5, .status = Status::kSucceeded}};
  store_->Commit(batch);
  EXPECT_EQ(store_->Get(4), Child(4, run, 2));
  std::vector<std::uint64_t> numbers;
  store_->Children(run, 1, [&](const ExecutionRow& row) {
    numbers.push_back(row.child_of->index);
    return numbers.size() < 2;
  });
  EXPECT_THAT(numbers, ElementsAre(1, 2)) << "from a number on, until told to stop";

  const auto list = [&](const Queries::ListFilter& filter) { return Keys(store_->List(filter)); };
  EXPECT_THAT(list({.tenant = "default"}), ElementsAre(7, 1)) << "no children";
  EXPECT_THAT(list({.tenant = "default", .machine = "m"}), ElementsAre(1));
  EXPECT_THAT(list({.map_run = run}), ElementsAre(5, 4, 3, 2));
  EXPECT_THAT(list({.map_run = run, .limit = 2}), ElementsAre(5, 4));
  EXPECT_THAT(list({.map_run = run, .before = 4, .limit = 2}), ElementsAre(3, 2));
  EXPECT_THAT(list({.map_run = run, .status = Status::kRunning}), ElementsAre(4, 2));
  EXPECT_THAT(list({.map_run = run, .status = Status::kFailed, .before = 3}), IsEmpty());
  EXPECT_THAT(list({.map_run = MapRunKey{1, 9}}), ElementsAre(6));
  EXPECT_THAT(list({.map_run = MapRunKey{2, 5}}), IsEmpty());
  EXPECT_EQ(store_->CountRunning("default", ""), 2) << "no children";
}

TEST_P(StoreSuite, ANameBelongsToOneExecution) {
  Batch batch;
  batch.started = {Execution(1, "m", "same")};
  batch.steps = {AStep(1, 1)};
  store_->Commit(batch);
  batch.Clear();
  batch.started = {Execution(2, "other", "same"), Execution(3, "m", "same")};
  EXPECT_THROW(store_->Commit(batch), StoreError);
  store_->Recover();
  EXPECT_EQ(store_->Get(2), std::nullopt) << "all or nothing";
  EXPECT_EQ(store_->Find("default", "m", "same")->key, 1);
  batch.Clear();
  batch.steps = {AStep(1, 1, "again")};
  EXPECT_THROW(store_->Commit(batch), StoreError);
  store_->Recover();
  EXPECT_EQ(AllSteps(*store_, 1)[0].events, "events");
  batch.Clear();
  batch.started = {Execution(2, "other", "same")};
  store_->Commit(batch);
  EXPECT_EQ(store_->Find("default", "other", "same")->key, 2);
}

TEST_P(StoreSuite, RetentionFindsTheOldestAndLeavesNothing) {
  Batch batch;
  batch.started = {Execution(1), Execution(2), Execution(3)};
  batch.started[2].revision = "hash-2";
  for (const ExecutionKey key : {1, 2, 3}) {
    batch.steps.push_back(AStep(key, 1));
    batch.steps.push_back(AStep(key, 1 << 21));
    batch.tasks_opened.push_back(ATask(key, 2));
    batch.timers_set.push_back(ATimer(key, 2, 3, key));
    batch.evidence.push_back({.task = {key, 2}});
  }
  batch.snapshots = {{.execution = 3, .last_seq = 1, .state = "s"}};
  batch.closed = {{.key = 1, .stopped = At(20)}, {.key = 2, .stopped = At(10)}};
  store_->Commit(batch);
  EXPECT_THAT(store_->ClosedBefore(At(21), 10), ElementsAre(2, 1));
  EXPECT_THAT(store_->ClosedBefore(At(20), 10), ElementsAre(2));
  EXPECT_THAT(store_->ClosedBefore(At(99), 1), ElementsAre(2));
  batch.Clear();
  batch.deleted = {3, 2, 77};
  store_->Commit(batch);
  for (const ExecutionKey key : {2, 3}) {
    EXPECT_EQ(store_->Get(key), std::nullopt);
    EXPECT_THAT(AllSteps(*store_, key), IsEmpty());
    EXPECT_THAT(store_->Tasks(key), IsEmpty());
    EXPECT_THAT(store_->Timers(key), IsEmpty());
    EXPECT_THAT(store_->Evidence(key), IsEmpty());
    EXPECT_EQ(store_->Snapshot(key), std::nullopt);
  }
  EXPECT_THAT(AllSteps(*store_, 1), SizeIs(2));
  EXPECT_FALSE(store_->RevisionInUse("hash-2"));
  EXPECT_TRUE(store_->RevisionInUse("hash-1"));
  Reopen();
  EXPECT_EQ(store_->LastKey(), 3) << "a key is never given out twice";
  EXPECT_EQ(store_->Find("default", "m", "run-2"), std::nullopt) << "the name is free again";
}

TEST_P(StoreSuite, APayloadIsInUseAsLongAsAnExecutionThatRefersToIt) {
  const std::string used(64, 'a');
  Batch batch;
  batch.started = {Execution(1), Execution(2)};
  batch.payload_uses = {{1, used}, {1, used}, {2, used}};
  store_->Commit(batch);
  EXPECT_TRUE(store_->PayloadInUse(used));
  EXPECT_FALSE(store_->PayloadInUse(std::string(64, 'b')));
  batch.Clear();
  batch.payload_uses = {{2, used}};
  batch.deleted = {1};
  store_->Commit(batch);
  EXPECT_TRUE(store_->PayloadInUse(used)) << "the other one still refers to it";
  batch.Clear();
  batch.deleted = {2};
  store_->Commit(batch);
  EXPECT_FALSE(store_->PayloadInUse(used));
}

TEST_P(StoreSuite, EvidenceIsCappedPerTask) {
  Batch batch;
  batch.started = {Execution(1)};
  for (int i = 0; i < kEvidencePerTask + 5; i++) {
    batch.evidence.push_back({.task = {1, 2}, .what = "number " + std::to_string(i)});
  }
  batch.evidence.push_back({.task = {1, 3}, .what = "of another task"});
  store_->Commit(batch);
  const auto rows = store_->Evidence(1);
  ASSERT_THAT(rows, SizeIs(kEvidencePerTask + 1));
  EXPECT_EQ(rows.front().what, "number 0");
  EXPECT_EQ(rows.back().what, "of another task");
}

TEST_P(StoreSuite, ReadersSeeWhatIsCommittedAndNothingElse) {
  const auto reader = place_->backend().OpenReader(0);
  EXPECT_EQ(reader->Get(1), std::nullopt);
  Batch batch;
  batch.started = {Execution(1)};
  batch.steps = {AStep(1, 1)};
  store_->Commit(batch);
  EXPECT_EQ(reader->Get(1), Execution(1));
  EXPECT_THAT(reader->List({.tenant = "default"}), SizeIs(1));
  // A writer goes on while a reader is in the middle of its rows, which stay what they were.
  int visited = 0;
  reader->Steps(1, 0, [&](const StepRow&) {
    visited++;
    batch.Clear();
    batch.started = {Execution(2)};
    store_->Commit(batch);
    return true;
  });
  EXPECT_EQ(visited, 1);
  EXPECT_EQ(reader->Get(2), Execution(2));
}

TEST_P(StoreSuite, TheCatalogueKeepsMachinesRevisionsActivitiesAndKeys) {
  Catalogue& catalogue = place_->backend().catalogue();
  const MachineRow row{.tenant = "default", .name = "b", .revision = "r1", .created = At(1),
                       .updated = At(2)};
  MachineRow other = row;
  other.name = "a";
  other.deleting = true;
  MachineRow foreign = row;
  foreign.tenant = "acme";
  for (const MachineRow& each : {row, other, foreign}) catalogue.PutMachine(each);
  EXPECT_EQ(catalogue.Machine("default", "b"), row);
  EXPECT_THAT(catalogue.Machines("default", "", 10), ElementsAre(other, row));
  EXPECT_THAT(catalogue.Machines("default", "a", 10), ElementsAre(row));
  EXPECT_THAT(catalogue.Machines("default", "", 1), ElementsAre(other));
  EXPECT_THAT(catalogue.DeletingMachines(), ElementsAre(other));
  MachineRow updated = row;
  updated.revision = "r2";
  catalogue.PutMachine(updated);
  EXPECT_EQ(catalogue.Machine("default", "b"), updated);
  catalogue.DeleteMachine("default", "a");
  EXPECT_EQ(catalogue.Machine("default", "a"), std::nullopt);

  catalogue.PutRevision("r1", "{\"a\":1}");
  catalogue.PutRevision("r1", "never");
  EXPECT_EQ(catalogue.Revision("r1"), "{\"a\":1}");
  EXPECT_EQ(catalogue.Revision("r9"), std::nullopt);

  const ActivityRow activity{.tenant = "default", .name = "work", .created = At(3)};
  catalogue.PutActivity(activity);
  EXPECT_EQ(catalogue.Activity("default", "work"), activity);
  EXPECT_THAT(catalogue.Activities("default", "", 10), ElementsAre(activity));
  EXPECT_THAT(catalogue.Activities("acme", "", 10), IsEmpty());
  EXPECT_TRUE(catalogue.DeleteActivity("default", "work"));
  EXPECT_FALSE(catalogue.DeleteActivity("default", "work"));

  const auto keys = catalogue.MacKeys();
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_THAT(keys[0].bytes, SizeIs(32));
  EXPECT_EQ(catalogue.Partitions(), 2);
  EXPECT_EQ(catalogue.Epoch(), 1);
  Reopen();
  Catalogue& again = place_->backend().catalogue();
  EXPECT_EQ(again.MacKeys()[0].bytes, keys[0].bytes);
  EXPECT_EQ(again.Machine("default", "b"), updated);
  EXPECT_EQ(again.Partitions(), 2);
}

TEST_P(StoreSuite, TheCatalogueKnowsWhoMayDoWhat) {
  Catalogue& catalogue = place_->backend().catalogue();
  const GrantRow ann{.principal = "ann", .role = "starter", .tenant = "acme",
                     .machine_prefix = "nightly-"};
  const GrantRow all{.principal = "ann", .role = "admin", .tenant = "*"};
  for (const GrantRow& grant : {ann, all, ann}) catalogue.PutGrant(grant);
  EXPECT_THAT(catalogue.Grants(), ElementsAre(all, ann));
  EXPECT_TRUE(catalogue.DeleteGrant(all));
  EXPECT_FALSE(catalogue.DeleteGrant(all));
  ApiTokenRow token{.id = "t1", .hash = "aa", .principal = "ann", .created = At(1),
                    .expires = At(2)};
  catalogue.PutApiToken(token);
  token.expires = At(9);
  catalogue.PutApiToken(token);
  catalogue.PutApiToken({.id = "t0", .hash = "bb", .principal = "bob"});
  EXPECT_TRUE(catalogue.DeleteApiToken("t0"));
  EXPECT_FALSE(catalogue.DeleteApiToken("t0"));

  InvitationRow invitation{.id = "i1", .hash = "cc", .tenant = "acme", .name = "ams",
                           .labels = R"({"site":"ams"})", .created = At(1), .expires = At(2),
                           .uses_left = 3, .by = "ann", .enrolled = "{}"};
  catalogue.PutInvitation(invitation);
  invitation.uses_left = 2;
  invitation.enrolled = R"({"ams":"ff"})";
  catalogue.PutInvitation(invitation);
  catalogue.PutInvitation({.id = "i0"});
  EXPECT_TRUE(catalogue.DeleteInvitation("i0"));
  EXPECT_FALSE(catalogue.DeleteInvitation("i0"));
  const RevokedWorkerRow revoked{.tenant = "acme", .name = "ams", .time = At(3), .by = "ann"};
  for (const RevokedWorkerRow& row : {revoked, RevokedWorkerRow{.tenant = "b", .name = "ams"}}) {
    catalogue.PutRevokedWorker(row);
  }
  EXPECT_TRUE(catalogue.DeleteRevokedWorker("b", "ams"));
  EXPECT_FALSE(catalogue.DeleteRevokedWorker("b", "ams"));

  Reopen();
  Catalogue& again = place_->backend().catalogue();
  EXPECT_THAT(again.Grants(), ElementsAre(ann));
  EXPECT_THAT(again.ApiTokens(), ElementsAre(token));
  EXPECT_THAT(again.Invitations(), ElementsAre(invitation));
  EXPECT_THAT(again.RevokedWorkers(), ElementsAre(revoked));
}

TEST_P(StoreSuite, PartitionsShareNothing) {
  const auto second = place_->backend().OpenPartition(1);
  Batch batch;
  batch.started = {Execution(1)};
  store_->Commit(batch);
  EXPECT_EQ(second->Get(1), std::nullopt);
  second->Commit(batch);
  EXPECT_EQ(second->Get(1), Execution(1));
}

}  // namespace
}  // namespace towline::store
