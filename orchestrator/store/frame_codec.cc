#include "orchestrator/store/frame_codec.h"

#include "orchestrator/store/spec_codec.h"

namespace towline::store {
namespace {

namespace in = interpreter;

void FillActivity(const in::Activity& activity, Timestamp base, DocumentWriter& documents,
                  stored::Frame& to) {
  if (const auto* entering = std::get_if<in::Entering>(&activity)) {
    to.mutable_entering()->set_state(entering->state);
  } else if (const auto* task = std::get_if<in::AwaitingTask>(&activity)) {
    stored::AwaitingTask& out = *to.mutable_awaiting_task();
    out.set_task(task->task);
    out.set_submitted(task->submitted);
    out.set_started(task->started);
    out.set_wait_for_task_token(task->wait_for_task_token);
    out.set_worker(task->worker);
    out.set_incarnation(task->incarnation);
  } else if (const auto* timer = std::get_if<in::AwaitingTimer>(&activity)) {
    stored::AwaitingTimer& out = *to.mutable_awaiting_timer();
    out.set_timer(timer->timer);
    out.set_retry(timer->retry);
    out.set_due_after_ms(MsAfter(timer->due, base));
  } else if (const auto* children = std::get_if<in::AwaitingChildren>(&activity)) {
    stored::AwaitingChildren& out = *to.mutable_awaiting_children();
    for (const auto& output : children->outputs) {
      out.add_outputs(output ? documents.Add(*output) : 0);
    }
    out.set_open(children->open);
    if (children->items) out.set_items(documents.Add(*children->items));
    out.set_next_index(children->next_index);
    out.set_max_concurrency(children->max_concurrency);
  } else if (const auto* redoing = std::get_if<in::Redoing>(&activity)) {
    to.mutable_redoing()->set_run(redoing->run);
    to.mutable_redoing()->set_redrives(redoing->redrives);
  } else if (const auto* run = std::get_if<in::AwaitingMapRun>(&activity)) {
    to.mutable_awaiting_map_run()->set_run(run->run);
    to.mutable_awaiting_map_run()->set_stage(static_cast<std::uint32_t>(run->stage));
    to.mutable_awaiting_map_run()->set_redrives(run->redrives);
  }
}

in::Activity ReadActivity(const stored::Frame& from, Timestamp base,
                          const DocumentReader& documents) {
  switch (from.activity_case()) {
    case stored::Frame::kEntering: return in::Entering{from.entering().state()};
    case stored::Frame::kAwaitingTask: {
      const stored::AwaitingTask& task = from.awaiting_task();
      return in::AwaitingTask{.task = task.task(),
                              .submitted = task.submitted(),
                              .started = task.started(),
                              .wait_for_task_token = task.wait_for_task_token(),
                              .worker = task.worker(),
                              .incarnation = task.incarnation()};
    }
    case stored::Frame::kAwaitingTimer: {
      const stored::AwaitingTimer& timer = from.awaiting_timer();
      return in::AwaitingTimer{timer.timer(), timer.retry(), After(base, timer.due_after_ms())};
    }
    case stored::Frame::kAwaitingChildren: {
      const stored::AwaitingChildren& stored = from.awaiting_children();
      in::AwaitingChildren children{.outputs = {},
                                    .open = stored.open(),
                                    .items = {},
                                    .next_index = stored.next_index(),
                                    .max_concurrency = stored.max_concurrency()};
      for (const std::uint32_t output : stored.outputs()) {
        children.outputs.push_back(output == 0 ? std::nullopt
                                               : std::optional(documents.Get(output)));
      }
      if (stored.has_items()) children.items = documents.Get(stored.items());
      return children;
    }
    case stored::Frame::kRedoing: {
      return in::Redoing{from.redoing().run(), from.redoing().redrives()};
    }
    case stored::Frame::kAwaitingMapRun: {
      const stored::AwaitingMapRun& run = from.awaiting_map_run();
      return in::AwaitingMapRun{
          run.run(), ReadEnum(run.stage(), in::AwaitingMapRun::Stage::kFailed), run.redrives()};
    }
    case stored::Frame::ACTIVITY_NOT_SET: break;
  }
  throw StoreError("a stored state is damaged: a frame does nothing");
}

}  // namespace

void FillFrame(const in::Frame& frame, Timestamp base, DocumentWriter& documents,
               stored::Frame& to) {
  to.set_id(frame.id);
  to.set_parent(frame.parent);
  to.set_index(frame.index);
  to.set_scope(frame.scope);
  to.set_state(frame.state);
  to.set_input(documents.Ref(frame.input));
  to.set_entered_id(frame.entered_id);
  to.set_entered_after(frame.entered_after);
  to.set_entered_after_ms(MsAfter(frame.entered_at, base));
  to.set_last_id(frame.last_id);
  to.mutable_retries()->Add(frame.retries.begin(), frame.retries.end());
  to.set_retry_count(frame.retry_count);
  to.set_attempts(frame.attempts);
  if (frame.checkpoint) to.set_checkpoint(documents.Add(*frame.checkpoint));
  for (const auto& [name, variable] : frame.variables) {
    stored::Variable& out = *to.add_variables();
    out.set_name(name);
    out.set_value(documents.Ref(variable.value));
  }
  FillActivity(frame.activity, base, documents, to);
}

in::Frame ReadFrame(const stored::Frame& from, Timestamp base, const DocumentReader& documents) {
  in::Frame frame{.id = from.id(),
                  .parent = from.parent(),
                  .index = from.index(),
                  .scope = from.scope(),
                  .state = from.state(),
                  .input = documents.Get(from.input()),
                  .entered_id = from.entered_id(),
                  .entered_after = from.entered_after(),
                  .entered_at = After(base, from.entered_after_ms()),
                  .last_id = from.last_id(),
                  .retries = {from.retries().begin(), from.retries().end()},
                  .retry_count = from.retry_count(),
                  .attempts = from.attempts(),
                  .checkpoint = {},
                  .variables = {},
                  .activity = ReadActivity(from, base, documents)};
  if (from.has_checkpoint()) frame.checkpoint = documents.Get(from.checkpoint());
  for (const stored::Variable& variable : from.variables()) {
    const Json value = documents.Get(variable.value());
    frame.variables.emplace(variable.name(), in::Variable{value, JsonSize(*value)});
  }
  return frame;
}

}  // namespace towline::store
