// More seeds than ctest has time for, and one seed again with everything it did.

#include <cxxopts.hpp>
#include <iostream>

#include "tests/simulation/simulation.h"

int main(int argc, char** argv) {
  using towline::sim::Report;
  cxxopts::Options options("run", "Simulates a whole installation, one seed at a time.");
  const auto number = [](const char* value) {
    return cxxopts::value<std::uint64_t>()->default_value(value);
  };
  auto add = options.add_options();
  add("seeds", "how many", number("1000"));
  add("first", "the first one", number("1"));
  add("seed", "just this one", cxxopts::value<std::uint64_t>());
  add("outage", "a day without a network: sites or server", cxxopts::value<std::string>());
  add("verbose", "say everything that happens");
  add("help", "this text");
  try {
    const auto given = options.parse(argc, argv);
    if (given.count("help") != 0) {
      std::cout << options.help();
      return 0;
    }
    const bool one = given.count("seed") != 0;
    const auto first = given[one ? "seed" : "first"].as<std::uint64_t>();
    const std::uint64_t count = one ? 1 : given["seeds"].as<std::uint64_t>();
    using Outage = towline::sim::Options::Outage;
    Outage outage = Outage::kNone;
    if (given.count("outage") != 0) {
      outage = given["outage"].as<std::string>() == "server" ? Outage::kServer : Outage::kSites;
    }
    std::uint64_t failed = 0, steps = 0, events = 0, jobs = 0;
    for (std::uint64_t seed = first; seed < first + count; seed++) {
      const Report report = towline::sim::SimulateApart(
          {.seed = seed, .outage = outage, .verbose = given.count("verbose") != 0});
      steps += report.steps;
      events += report.events;
      jobs += report.jobs;
      if (report.violation.empty()) continue;
      failed++;
      std::cout << "seed " << seed << ": " << report.violation << "\n  again: --seed " << seed
                << " --verbose\n" << std::flush;
    }
    std::cout << count << " seeds, " << failed << " failed; " << steps << " steps, " << events
              << " events, " << jobs << " jobs\n";
    return failed == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << e.what() << "; --help shows the options\n";
    return 2;
  }
}
