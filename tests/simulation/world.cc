#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>

namespace towline::sim {

std::uint64_t Random::Next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

int Random::Between(int low, int high) {
  const auto span = static_cast<std::uint64_t>(high - low + 1);
  return low + static_cast<int>(Next() % span);
}

bool Random::Chance(double probability) {
  return static_cast<double>(Next() >> 11) < probability * 9007199254740992.0;
}

Millis Random::Delay(Millis low, Millis high) {
  const double x = static_cast<double>(Next() >> 11) / 9007199254740992.0;
  return low + Millis(static_cast<std::int64_t>(x * x * static_cast<double>((high - low).count())));
}

Weather Weather::Of(Random& random) {
  Weather w;
  const auto sometimes = [&](double& what, double max) {
    if (random.Chance(0.6)) what = max * random.Between(1, 100) / 100;
  };
  const auto mean = [&](Millis& what, int min_seconds, int max_seconds) {
    if (random.Chance(0.6)) what = Seconds(random.Between(min_seconds, max_seconds));
  };
  sometimes(w.lose, 0.2);
  sometimes(w.repeat, 0.2);
  sometimes(w.late, 0.1);
  w.latency = Millis(random.Between(1, 300));
  w.broker_keeps_retained = random.Chance(0.5) ? 1 : 0.3;
  mean(w.broker_life, 30, 300);
  mean(w.server_life, 20, 300);
  mean(w.worker_life, 20, 300);
  mean(w.link_life, 15, 200);
  sometimes(w.store_fails, 0.08);
  sometimes(w.crash_at_commit, 0.05);
  sometimes(w.power_loss, 0.7);
  sometimes(w.clock_jump, 0.5);
  sometimes(w.refuse, 0.1);
  return w;
}

std::string Weather::text() const {
  char line[400];
  std::snprintf(line, sizeof line,
                "lose %.2f repeat %.2f late %.2f latency %lld retained %.1f lives of broker %lld "
                "server %lld worker %lld link %lld store %.2f crash %.2f power %.2f clock %.2f "
                "refuse %.2f",
                lose, repeat, late, static_cast<long long>(latency.count()), broker_keeps_retained,
                static_cast<long long>(broker_life.count()),
                static_cast<long long>(server_life.count()),
                static_cast<long long>(worker_life.count()),
                static_cast<long long>(link_life.count()), store_fails, crash_at_commit,
                power_loss, clock_jump, refuse);
  return line;
}

World::World(std::uint64_t seed, bool verbose)
    : verbose_(verbose), random_(seed), weather_(Weather::Of(random_)), now_(kStart) {
  calm_at_ = kStart + Seconds(random_.Between(60, 600));
}

void World::After(Millis delay, std::function<void()> run) {
  const Timestamp at = now_ + std::max(delay, Millis(0));
  events_.push({at, random_.Next(), ++sequence_, std::move(run)});
}

bool World::Step(Timestamp until) {
  if (!violation_.empty() || events_.empty() || events_.top().at > until) return false;
  Event event = events_.top();
  events_.pop();
  now_ = event.at;
  event.run();
  return true;
}

void World::Trace(const std::string& line) {
  const std::string text = FormatTimestamp(now_).substr(11) + " " + line;
  for (const char c : text) {
    trace_hash_ = (trace_hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  if (verbose_) std::printf("%s\n", text.c_str());
}

void World::Violate(const std::string& what) {
  Trace("VIOLATION " + what);
  if (violation_.empty()) violation_ = FormatTimestamp(now_).substr(11) + " " + what;
}

}  // namespace towline::sim
