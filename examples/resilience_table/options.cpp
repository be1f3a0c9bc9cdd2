// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <iostream>

#include "common/command_line.hpp"
#include "common/program.hpp"
#include "rows.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/output_file.hpp>

namespace {

std::vector<std::string> known_formats() {
  std::vector<std::string> names;
  for (const Row& row : all_rows()) {
    if (names.empty() || names.back() != row.format) {
      names.push_back(row.format);
    }
  }
  return names;
}

void check(const Options& options) {
  const auto refuse = [](const std::string& sentence) { throw upset::Error(sentence); };
  const std::vector<std::string> known = known_formats();
  for (const std::string& format : options.formats) {
    if (std::ranges::find(known, format) == known.end()) {
      refuse("--formats: there is no format " + format + "; choose from " + joined(known));
    }
  }
  if (options.trials < 2) {
    refuse("--trials: " + std::to_string(options.trials) +
           " trials show no spread; give at least 2");
  }
  if (options.images == 0 || options.epochs == 0) {
    refuse("--images and --epochs must be at least 1");
  }
  if (options.rates.empty() || !std::ranges::is_sorted(options.rates, std::less_equal{})) {
    refuse("--ber: give rates in ascending order, each once");
  }
  for (const double rate : options.rates) {
    if (!(rate > 0 && rate <= 1)) {
      refuse("--ber: a bit error rate must lie above 0 and not above 1, unlike " +
             upset::rate_text(rate));
    }
  }
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  options.command = command_text(argc, argv);
  CLI::App app(
      "Trains LeNet-5, instantiates it in every format, flips bits in its weights and in its "
      "activations,\nand prints which format and which protection survives what.");
  app.add_option("--dataset", options.dataset, "idx:DIR or cifar10:DIR")->capture_default_str();
  app.add_option("--out", options.out,
                 "folder of the results; trained weights are kept in it and used again")
      ->capture_default_str();
  app.add_option("--formats", options.formats,
                 "formats to compare, all unless given: " + joined(known_formats()))
      ->expected(1, -1);
  app.add_option("--ber", options.rates, "bit error rates, ascending, separated by commas")
      ->delimiter(',');
  const auto add_count = [&app](const char* name, auto& value, const char* text) {
    app.add_option(name, value, text)->capture_default_str()->check(whole_number);
  };
  add_count("--trials", options.trials, "trials per rate");
  add_count("--images", options.images, "test pictures per trial");
  add_count("--epochs", options.epochs, "epochs of the float network");
  add_count("--train-images", options.train_images, "pictures to train with; 0: all");
  add_count("--threads", options.threads, "threads; 0: one per core");
  add_count("--seed", options.seed, "seed of weights and faults");
  parse_command_line(app, argc, argv);
  check(options);
  return options;
}

void prepare_out(const Options& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.out / "weights", problem);
  if (problem) {
    throw upset::Error("--out: cannot make the folder " + (options.out / "weights").string() +
                       ": " + problem.message() + "; choose another");
  }
  upset::OutputFile probe(options.out / "table.csv");  // throws where nothing can be written
}
