// SPDX-License-Identifier: BSL-1.0
// Which number format, under which protection, survives which rate of bit flips?
#include <algorithm>
#include <iostream>
#include <vector>

#include "common/program.hpp"
#include "options.hpp"
#include "output.hpp"
#include "study.hpp"
#include "training.hpp"

#include <upset/io/load_dataset.hpp>
#include <upset/report/progress.hpp>

using namespace upset;

namespace {

LabelledImages pictures(const Dataset& data, std::size_t count,
                        const Normalisation& normalisation) {
  return {batch_of(data, data.indices(count), normalisation),
          {data.labels.begin(), data.labels.begin() + static_cast<std::ptrdiff_t>(count)}};
}

Count accuracy(const Network& network, const LabelledImages& test, std::size_t threads) {
  return correct_predictions(classify_all(network, test.images, threads), test.labels);
}

Footprint memory_of(Network& network) {
  Footprint sum;
  for (const NamedImage& image : network.images()) {
    sum += footprint(image.image->layout());
  }
  return sum;
}

void run(const Options& options) {
  Dataset train = load_dataset(options.dataset, Split::train);
  if (options.train_images > train.size()) {
    throw Error("--train-images: the training set has " + std::to_string(train.size()) +
                " pictures, fewer than " + std::to_string(options.train_images));
  }
  if (options.train_images > 0) {
    train.keep_first(options.train_images);
  }
  const Dataset test = load_dataset(options.dataset, Split::test);
  if (options.images > test.size()) {
    throw Error("--images: the test set has " + std::to_string(test.size()) +
                " pictures, fewer than " + std::to_string(options.images));
  }
  prepare_out(options);
  std::vector<Row> rows = all_rows();
  std::erase_if(rows, [&](const Row& row) {
    return !options.formats.empty() &&
           std::ranges::find(options.formats, row.format) == options.formats.end();
  });

  Workshop workshop(options, train);
  std::vector<Network> networks;
  for (const Row& row : rows) {
    networks.push_back(workshop.make(row));
  }

  const LabelledImages all = pictures(test, test.size(), workshop.normalisation());
  const LabelledImages some = pictures(test, options.images, workshop.normalisation());
  std::vector<Findings> findings;
  Progress progress("trials", rows.size() * 2 * options.rates.size() * options.trials);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    Findings found{.row = rows[r]};
    found.fault_free = accuracy(networks[r], all, options.threads);
    found.fault_free_subset = accuracy(networks[r], some, options.threads);
    found.footprint = memory_of(networks[r]);
    for (const Target target : {Target::weights, Target::activations}) {
      const SweepPlan plan{.target = target,
                           .rates = options.rates,
                           .trials = options.trials,
                           .seed = options.seed,
                           .threads = options.threads};
      auto trials = sweep(networks[r], some, plan, [&] { progress.tick(); });
      (target == Target::weights ? found.weights : found.activations) =
          Sweep(std::move(trials), found.fault_free_subset);
    }
    findings.push_back(std::move(found));
  }
  progress.finish();
  write_results(options, findings, test.size());
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("resilience_table", [&] {
    run(read_options(argc, argv));
    return 0;
  });
}
