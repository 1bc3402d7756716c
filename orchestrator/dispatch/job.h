#pragma once

// What dispatch remembers of one open task. A waiting one costs 64 bytes and its places in the
// table (about 8) and in its queue (8); what an offer needs hangs on `offer` and goes with it.

#include <cstdint>
#include <memory>
#include <string>

#include "orchestrator/engine/tokens.h"
#include "statemachines/base/time.h"
#include "orchestrator/engine/request.h"

namespace towline::dispatch {

struct Worker;
struct Group;

inline constexpr Timestamp kNever = Timestamp::max();

enum class Stage : std::uint8_t {
  kParked,      // recovered: a worker may hold it, the roll call will tell
  kWaiting,     // in its queue
  kOffered,     // at a worker that has not answered yet
  kAccepted,    // a worker holds it
  kRequeueing,  // the next attempt is being committed
  kCancelling,  // ended; the holder has to confirm, or the partition that nobody holds it
  kPublishing,  // mqtt:publish, until PUBACK and its commit
  kHanding,     // an activity, its hand-off to a poller is being committed
  kHanded,      // an activity, a poller has it
  kEnding,      // refused by dispatch itself, the failure is being committed
  kLoose,       // between two stages, in no queue
};

// The payload of a waiting task that is kept at hand, then the offer and who holds it.
struct Offering {
  std::shared_ptr<const interpreter::OpenTask> open{};  // null: load it when it is needed
  std::string execution_arn{};
  std::size_t budget_bytes = 0;  // what `open` counts against the payload budget

  Worker* worker = nullptr;
  std::uint32_t place = 0;       // index in worker->jobs
  int type = -1;                 // index in worker->types; -1 unknown
  std::uint64_t incarnation = 0;
  std::uint64_t connection = 0;
  std::uint64_t seq = 0;         // of the JobBatch that carried the offer; 0: not sent
  std::uint64_t roll_call = 0;   // number of the worker's roll call that named it last
  Timestamp since{};             // of the stage
  Timestamp first_offered{};
  Timestamp sent{};
  Timestamp deadline = kNever;   // when to look at it again
  std::string token{};
  std::string reason{};          // of a cancel, requeue or failure
  std::string error{};           // kEnding
  std::string poller{};          // kHanding, kHanded: worker name of the poll
  std::uint64_t poll = 0;        // kHanding
  std::uint64_t refused_epoch = 0;  // kPublishing: the broker has refused it in this epoch,
  int refusals = 0;                 // so often in a row
  bool slot = false;             // counts against the worker's slots
  bool at_most_once = false;
  bool recorded = false;         // the holder is committed
  bool reported = false;         // its result is on the way to the partition
  bool absent = false;           // the roll call did not name it
  bool repeated = false;         // offered before, perhaps by an earlier life of the server
  bool confirming = false;       // ConfirmCancel is on its way
  bool submitting = false;       // PUBACK has come, its SubmitTask is on the way
  bool in_flight = false;        // handed to the broker, no PUBACK yet
};

struct Job {
  engine::TaskRef ref;
  std::int64_t rank = 0;             // opening time in ms less the priority's head start; low first
  Group* group = nullptr;            // kJob and kActivity
  std::unique_ptr<Offering> offer;
  std::uint32_t ticket = 0;          // arrival, among equal ranks
  std::uint32_t attempt = 1;
  std::uint32_t place = 0;           // in the group's heap or its parked list
  Stage stage = Stage::kWaiting;
  std::uint8_t kind_number = 0;          // TaskSpec::Kind
  std::uint8_t priority : 4 = 5;
  std::uint8_t start : 2 = 0;            // of the definition: TaskSpec::Start
  std::uint8_t on_worker_lost : 2 = 0;   // of the definition: TaskSpec::OnWorkerLost
  bool next_attempt_first = false;       // recovered: commit the next attempt before offering it

  interpreter::TaskSpec::Kind kind() const {
    return static_cast<interpreter::TaskSpec::Kind>(kind_number);
  }
};
static_assert(sizeof(Job) == 64);

}  // namespace towline::dispatch
