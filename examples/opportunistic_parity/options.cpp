// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <iterator>

#include "common/command_line.hpp"
#include "common/program.hpp"
#include "names.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>

namespace {

/// The names, each once, in their order.
std::vector<std::string> distinct(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  std::ranges::copy_if(names, std::back_inserter(result), [&](const std::string& name) {
    return std::ranges::find(result, name) == result.end();
  });
  return result;
}

void add_names(CLI::App& app, const char* option, std::vector<std::string>& chosen,
               std::vector<std::string> known) {
  app.add_option(option, chosen, "those to study; all unless given, but for random")
      ->expected(1, -1)
      ->check(CLI::IsMember(std::move(known)));
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  options.command = command_text(argc, argv);
  CLI::App app(
      "Flips bits in the weights of trained networks in every format, with and without parity "
      "hidden in\nthe weights, and prints at which bit error rate accuracy begins to fall. Faults "
      "hit kernels, their\ncheck bits and copies; scales, and the ranges that range and clamp keep "
      "beside them, are spared.");
  std::vector<std::string> networks = subject_names();
  networks.push_back("random");
  add_names(app, "--networks", options.networks, networks);
  add_names(app, "--formats", options.formats, format_names());
  add_names(app, "--guards", options.guards, guard_names());
  app.add_option("--data", options.data,
                 "folder with the networks and their pictures; of no use to the network random")
      ->check(CLI::ExistingDirectory);
  app.add_option("--out", options.out, "folder of the results and journals")->capture_default_str();
  const auto add_count = [&app](const char* name, auto& value, const char* text) {
    app.add_option(name, value, text)->capture_default_str()->check(whole_number);
  };
  add_count("--experiments", options.experiments, "experiments per point");
  add_count("--images", options.images, "pictures per experiment");
  add_count("--threads", options.threads, "threads; 0: one per core");
  add_count("--seed", options.seed, "seed of the faults");
  app.add_flag("--by-bit", options.by_bit, "also study every bit position of unguarded weights");
  app.add_flag("--all-memory", options.all_memory,
               "hit biases and scales too, with the ranges beside them");
  app.add_flag("--resume", options.resume, "go on with the journals in --out");
  parse_command_line(app, argc, argv);
  options.networks = distinct(options.networks);
  if (options.data.empty() && options.networks != std::vector<std::string>{"random"}) {
    throw upset::Error("--data: give the folder with the networks, or choose --networks random");
  }
  if (options.experiments < 2 || options.images == 0) {
    throw upset::Error("--experiments, --images: a point needs 2 experiments and one picture");
  }
  return options;
}
