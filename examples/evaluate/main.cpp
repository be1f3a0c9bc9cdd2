// SPDX-License-Identifier: BSL-1.0
// How well does a trained network answer, in any format?
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "common/program.hpp"
#include "options.hpp"
#include "subject.hpp"

#include <upset/core/parallel.hpp>
#include <upset/io/npy.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/work.hpp>
#include <upset/report/cell.hpp>

using namespace upset;

namespace {

/// Logits of all pictures, computed on `threads` threads.
Tensor logits_of(const Subject& subject, const Normalisation& normalisation, std::size_t threads) {
  constexpr std::size_t batch = 16;
  const std::size_t count = subject.data.size();
  Tensor logits({count, subject.network.output_shape().size()});
  parallel_for(threads, (count + batch - 1) / batch, [&](std::size_t /*worker*/, std::size_t task) {
    std::vector<std::size_t> pictures(std::min(batch, count - task * batch));
    std::iota(pictures.begin(), pictures.end(), task * batch);
    const Tensor y = subject.network.forward(batch_of(subject.data, pictures, normalisation));
    std::ranges::copy(y.values(), logits.row(task * batch).data());
  });
  return logits;
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

void print_accuracy(const Tensor& logits, const Dataset& data, std::size_t k) {
  const Count count = top_k(logits, data.labels, k);
  const Interval interval = wilson(count.hits, count.total);
  std::cout << "top-" << k << ' ' << with_decimals(100 * count.rate(), 2) << " % ("
            << grouped_text(count.hits) << " of " << grouped_text(count.total)
            << "; 95 %: " << with_decimals(100 * interval.low, 2) << " to "
            << with_decimals(100 * interval.high, 2) << ")\n";
}

void run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  Subject subject = make_subject(options);
  print_size(subject.network);
  const std::size_t threads = worker_count(options.threads, subject.data.size());
  const Clock::time_point start = Clock::now();
  const Tensor logits = logits_of(subject, options.normalisation, threads);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  print_accuracy(logits, subject.data, 1);
  if (logits.shape()[1] > 5) {
    print_accuracy(logits, subject.data, 5);
  }
  std::cout << with_decimals(static_cast<double>(subject.data.size()) / seconds, 1)
            << " pictures/s on " << threads << (threads == 1 ? " thread\n" : " threads\n");
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
