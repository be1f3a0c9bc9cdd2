// SPDX-License-Identifier: BSL-1.0
// How well does a trained network answer, in any format?
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "common/program.hpp"
#include "options.hpp"

#include <upset/core/parallel.hpp>
#include <upset/io/npy.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/overlap.hpp>
#include <upset/metric/work.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/output_file.hpp>

using namespace upset;

namespace {

/// Calls `use(worker, number of the first picture, outputs)` for every `batch` pictures.
template <class Use>
void for_each_batch(const Subject& subject, const Options& options, std::size_t threads,
                    std::size_t batch, Use use) {
  const Dataset& data = subject.data.pictures;
  const std::size_t batches = (data.size() + batch - 1) / batch;
  parallel_for(threads, batches, [&](std::size_t worker, std::size_t task) {
    const std::size_t first = task * batch;
    use(worker, first,
        subject.network.forward(
            batch_of(data, data.indices(batch, first), options.subject.normalisation())));
  });
}

/// Logits of all pictures.
Tensor logits_of(const Subject& subject, const Options& options, std::size_t threads) {
  Tensor logits({subject.data.pictures.size(), subject.network.output_shape().size()});
  for_each_batch(subject, options, threads, 16,
                 [&](std::size_t /*worker*/, std::size_t first, const Tensor& y) {
                   std::ranges::copy(y.values(), logits.row(first).data());
                 });
  return logits;
}

/// The areas that are found on all pictures, whose scores are too many to be kept.
Overlap overlap_of(const Subject& subject, const Options& options, std::size_t threads) {
  std::vector<Overlap> parts(threads, Overlap(subject.network.output_shape()[2]));
  for_each_batch(subject, options, threads, 1,
                 [&](std::size_t worker, std::size_t picture, const Tensor& y) {
                   parts[worker].add(y.values(), subject.data.mask(picture));
                 });
  Overlap all = parts[0];
  for (std::size_t worker = 1; worker < threads; ++worker) {
    all += parts[worker];
  }
  return all;
}

void print_size(Network& network) {
  std::cout << grouped_text(parameter_count(network)) << " parameters, "
            << grouped_text(multiply_adds(network)) << " multiply-adds a picture\n";
  Footprint all;
  std::string formats;
  for (const FormatFootprint& part : weight_footprint(network)) {
    all += part.bits;
    formats +=
        (formats.empty() ? "" : ", ") + part.format + ' ' + grouped_text(part.bits.total_bits());
  }
  std::cout << grouped_text(all.total_bits()) << " bits of weights (" << formats << ")\n";
}

std::string percent(double share) { return with_decimals(100 * share, 2) + " %"; }

void print_accuracy(const Tensor& logits, std::span<const std::uint16_t> classes, std::size_t k) {
  const Count count = top_k(logits, classes, k);
  const Interval interval = wilson(count.hits, count.total);
  std::cout << "top-" << k << ' ' << percent(count.rate()) << " (" << grouped_text(count.hits)
            << " of " << grouped_text(count.total)
            << "; 95 %: " << with_decimals(100 * interval.low, 2) << " to "
            << with_decimals(100 * interval.high, 2) << ")\n";
}

// Without intervals: the pixels of a picture are not drawn one by one.
void print_overlap(const Overlap& overlap) {
  const Count& pixels = overlap.pixels();
  std::cout << "pixels " << percent(pixels.rate()) << " (" << grouped_text(pixels.hits) << " of "
            << grouped_text(pixels.total) << ")\nintersection over union "
            << percent(overlap.mean()) << " in the mean of classes, "
            << percent(overlap.foreground().rate()) << " of all but class 0\n";
}

void run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  if (!options.logits.empty()) {
    const OutputFile probe(options.logits);  // throws where nothing can be written
  }
  Subject subject = options.images > 0 ? load_subject(options.subject, options.images)
                                       : load_subject(options.subject);
  const Dataset& data = subject.data.pictures;
  if (options.images > data.size()) {
    throw Error("--images: there are " + std::to_string(data.size()) + " pictures, fewer than " +
                std::to_string(options.images));
  }
  print_size(subject.network);
  const std::size_t threads = worker_count(options.threads, data.size());
  const Clock::time_point start = Clock::now();
  const auto print_speed = [&](Clock::time_point end) {
    const double seconds = std::chrono::duration<double>(end - start).count();
    std::cout << with_decimals(static_cast<double>(data.size()) / seconds, 1) << " pictures/s on "
              << threads << (threads == 1 ? " thread\n" : " threads\n");
  };
  if (subject.is_segmentation()) {
    const Overlap overlap = overlap_of(subject, options, threads);
    const Clock::time_point end = Clock::now();
    print_overlap(overlap);
    print_speed(end);
    return;
  }
  const Tensor logits = logits_of(subject, options, threads);
  const Clock::time_point end = Clock::now();
  const std::vector<std::uint16_t> classes = subject.classes_of(data.indices(data.size()));
  print_accuracy(logits, classes, 1);
  if (logits.shape()[1] > 5) {
    print_accuracy(logits, classes, 5);
  }
  print_speed(end);
  if (!options.logits.empty()) {
    save_npy(options.logits, to_array(logits));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("evaluate", [&] {
    run(read_options(argc, argv));
    return 0;
  });
}
