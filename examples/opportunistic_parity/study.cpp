// SPDX-License-Identifier: BSL-1.0
#include "study.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include <upset/campaign/engine.hpp>
#include <upset/campaign/journal.hpp>
#include <upset/campaign/trial_source.hpp>
#include <upset/metric/summary.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/correct_biases.hpp>
#include <upset/pass/equalize.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/machine.hpp>

using namespace upset;

namespace {

// 1e-9, 2e-9, ..., 9e-1
constexpr std::size_t digits = 9;
constexpr std::size_t decades = 9;
std::vector<double> grid() {
  std::vector<double> rates;
  double power = 1e9;
  for (std::size_t decade = 0; decade < decades; ++decade, power /= 10) {
    for (std::size_t digit = 1; digit <= digits; ++digit) {
      rates.push_back(static_cast<double>(digit) / power);  // one rounding: as it is written
    }
  }
  return rates;
}

/// The experiments of one curve: those in its journal, and those still to be made.
class Experiments {
 public:
  Experiments(const Options& options, const CampaignPlan& plan, Network& network, Engine& engine,
              const std::filesystem::path& file)
      : source_(plan, network),
        engine_(&engine),
        journal_(open(options, plan, file)),
        chance_(1.0 / static_cast<double>(network.output_shape().size())) {
    journal_.for_each([&](const TrialRecord& record) { add(record); });
  }

  /// Accuracies at a rate of the grid.
  ///
  /// Where a quarter of the experiments are all at chance, the others are left out: they would not
  /// change what is said of the rate.
  [[nodiscard]] CurvePoint point(std::size_t rate) {
    const std::uint64_t all = source_.plan().trials;
    make(rate * all, rate * all + std::max<std::uint64_t>(all / 4, 2));
    if (!std::ranges::all_of(accuracies(rate), [&](double share) { return is_chance(share); })) {
      make(rate * all, (rate + 1) * all);
    }
    return {source_.plan().rates[rate], accuracies(rate)};
  }
  [[nodiscard]] bool is_chance(double accuracy) const { return accuracy <= 1.5 * chance_ + 0.01; }

 private:
  static Journal open(const Options& options, const CampaignPlan& plan,
                      const std::filesystem::path& file) {
    PlanText machine;
    for (const Fact& fact : machine_facts()) {
      machine.emplace_back(fact.name, fact.value);
    }
    return options.resume && std::filesystem::exists(file)
               ? Journal::resume(file, plan_text(plan), machine)
               : Journal::create(file, plan_text(plan), machine);
  }
  void add(const TrialRecord& record) {
    correct_[record.trial] =
        static_cast<double>(record.outcomes.correct) / static_cast<double>(record.outcomes.images);
  }
  /// Trials from `first` to `last - 1` that are not there yet.
  void make(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> missing;
    std::vector<TrialFaults> faults;
    for (std::uint64_t trial = first; trial < last; ++trial) {
      if (!correct_.contains(trial)) {
        missing.push_back(trial);
        faults.push_back(source_.faults(trial));
      }
    }
    if (missing.empty()) {
      return;
    }
    const std::vector<Outcomes> outcomes = engine_->run(faults);
    std::vector<TrialRecord> records;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      records.push_back({missing[i], outcomes[i]});
      add(records.back());
    }
    journal_.record(records);
  }
  [[nodiscard]] std::vector<double> accuracies(std::size_t rate) const {
    const std::uint64_t first = rate * source_.plan().trials;
    std::vector<double> found;
    for (auto at = correct_.lower_bound(first);
         at != correct_.end() && at->first < first + source_.plan().trials; ++at) {
      found.push_back(at->second);
    }
    return found;
  }

  TrialSource source_;
  Engine* engine_;
  Journal journal_;
  double chance_;
  std::map<std::uint64_t, double> correct_;  // share of pictures, by trial
};

/// Whole decades until accuracy has been at chance twice, then the digits of the BERZAD by halving
/// the decade behind the last that loses nothing.
Curve measure(Experiments& experiments, int bit, const Count& fault_free,
              const std::function<void(double)>& tried) {
  // the paper draws a batch of pictures for each experiment
  const auto berzad_of = [&](std::span<const CurvePoint> points) {
    return berzad(points, fault_free.rate(), 0.95, fault_free.total);
  };
  std::map<std::size_t, CurvePoint> points;
  const auto loses_nothing = [&](std::size_t rate) {
    const CurvePoint point = experiments.point(rate);
    points[rate] = point;
    tried(point.ber);
    return berzad_of({&point, 1}).ber > 0;
  };
  std::size_t last_good = decades * digits;
  std::size_t at_chance = 0;
  for (std::size_t rate = 0; rate < decades * digits && at_chance < 2; rate += digits) {
    last_good = loses_nothing(rate) ? rate : last_good;
    at_chance = experiments.is_chance(mean(points[rate].accuracies)) ? at_chance + 1 : 0;
  }
  if (last_good < decades * digits) {
    std::size_t good = last_good;
    std::size_t bad = last_good + digits;
    while (bad - good > 1) {
      const std::size_t middle = (good + bad) / 2;
      (loses_nothing(middle) ? good : bad) = middle;
    }
  }
  Curve curve{.bit = bit};
  for (auto& [rate, point] : points) {
    curve.points.push_back(std::move(point));
  }
  curve.berzad = berzad_of(curve.points);
  curve.berzad.at_least = curve.berzad.ber == grid().back();
  return curve;
}

/// A name without what file systems do not like.
std::string file_name(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '/' || c == ' '; }, '-');
  return text;
}

}  // namespace

Network in_memory(const Subject& subject, const Choice& memory, const Choice& unguarded) {
  if (memory.format != "int8") {
    return memory.build(subject.real);
  }
  const Network real = equalize(subject.real);
  Network corrected = unguarded.build(real);
  calibrate(corrected, real, subject.sample);
  correct_biases(corrected, real, subject.sample);
  Network network = memory.build(real);
  calibrate(network, real, subject.sample);
  copy_parameters(corrected, network);
  return network;
}

Findings study(const Options& options, const Subject& subject, Network network,
               const Choice& memory, const std::function<void(const std::string&)>& progress) {
  const auto start = std::chrono::steady_clock::now();
  Findings found{.network = subject.name, .format = memory.format, .guard = memory.guard};
  const Tensor logits = network.forward(subject.test.images);
  found.top1 = top_k(logits, subject.test.labels);
  found.top5 = top_k(logits, subject.test.labels, 5);
  std::vector<int> positions{-1};
  for (const NamedImage& image : network.images()) {
    found.footprint += footprint(image.image->layout());
    if (image.name.ends_with(".kernel") && options.by_bit && memory.guard == "none" &&
        positions.size() == 1) {
      positions.resize(1 + static_cast<std::size_t>(image.image->layout().element_bits));
      std::iota(positions.begin() + 1, positions.end(), 0);
    }
  }
  Engine engine(network, subject.test, {.level = EngineLevel::o2, .threads = options.threads});
  for (const int bit : positions) {
    const std::string name = subject.name + "_" + memory.format + "_" + memory.guard +
                             (bit < 0 ? "" : "_bit" + std::to_string(bit));
    CampaignPlan plan{.subject = {{"network", subject.name},
                                  {"format", memory.format},
                                  {"guard", memory.guard},
                                  {"images", std::to_string(options.images)}},
                      .faults = FaultChoice::ber,
                      .rates = grid(),
                      .trials = options.experiments,
                      .seed = options.seed};
    if (!options.all_memory) {
      plan.layers = {"kernel"};
      plan.bits.resize(128);  // copies and check bits, but no scales
      std::iota(plan.bits.begin(), plan.bits.end(), 0);
    }
    if (bit >= 0) {
      plan.layers = {"kernel"};
      plan.bits = {bit};
    }
    Experiments experiments(options, plan, network, engine,
                            options.out / "journals" / (file_name(name) + ".journal"));
    Curve curve = measure(experiments, bit, found.top1,
                          [&](double rate) { progress(name + " at " + rate_text(rate)); });
    if (bit < 0) {
      found.all = std::move(curve);
    } else {
      found.by_bit.push_back(std::move(curve));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  found.seconds = took.count();
  return found;
}
