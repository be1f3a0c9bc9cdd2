// SPDX-License-Identifier: BSL-1.0
#include "study.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "common/fingerprint.hpp"
#include "names.hpp"
#include "subjects.hpp"

#include <upset/campaign/engine.hpp>
#include <upset/campaign/journal.hpp>
#include <upset/campaign/trial_source.hpp>
#include <upset/core/error.hpp>
#include <upset/metric/footprint.hpp>
#include <upset/metric/summary.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/machine.hpp>
#include <upset/report/progress.hpp>

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

/// A name without what file systems do not like.
std::string file_name(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '/' || c == ' '; }, '-');
  return text;
}

/// The experiments of one curve: those in its journal, and those still to be made.
class Experiments {
 public:
  Experiments(const Options& options, const CampaignPlan& plan, Network& network, Engine& engine,
              std::string name)
      : name_(std::move(name)),
        source_(plan, network),
        engine_(&engine),
        journal_(open(options, plan, options.out / "journals" / (file_name(name_) + ".journal"))),
        chance_(1.0 / static_cast<double>(network.output_shape().size())) {
    journal_.for_each([&](const TrialRecord& record) { add(record); });
  }

  /// Accuracies at a rate of the grid; of a quarter of the experiments, where these `tell` all that
  /// is asked. Of fewer than five Student's interval reaches nearly anything.
  template <class Tell>
  [[nodiscard]] CurvePoint point(std::size_t rate, Tell tell) {
    const std::uint64_t all = source_.plan().trials;
    make(rate * all, rate * all + std::min(all, std::max<std::uint64_t>(all / 4, 5)));
    if (!tell(known(rate))) {
      make(rate * all, (rate + 1) * all);
    }
    return known(rate);
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
    Progress progress(name_ + " at " + rate_text(*source_.rate(first)) + ", fault-images",
                      missing.size() * engine_->images());
    const std::vector<Outcomes> outcomes =
        engine_->run(faults, [&](std::uint64_t pairs) { progress.tick(pairs); });
    progress.finish();
    std::vector<TrialRecord> records;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      records.push_back({missing[i], outcomes[i]});
      add(records.back());
    }
    journal_.record(records);
  }
  [[nodiscard]] CurvePoint known(std::size_t rate) const {
    const std::uint64_t first = rate * source_.plan().trials;
    CurvePoint point{source_.plan().rates[rate]};
    for (auto at = correct_.lower_bound(first);
         at != correct_.end() && at->first < first + source_.plan().trials; ++at) {
      point.accuracies.push_back(at->second);
    }
    return point;
  }

  std::string name_;
  TrialSource source_;
  Engine* engine_;
  Journal journal_;
  double chance_;
  std::map<std::uint64_t, double> correct_;  // share of pictures, by trial
};

/// The last decade that loses nothing and then the digit of the BERZAD, both by halving, and the
/// decades behind until accuracy is at chance. An experiment has all faults that it has at a lower
/// rate and some more, so what loses nothing loses nothing below either.
Curve measure(Experiments& experiments, const Count& fault_free) {
  // the paper draws a batch of pictures for each experiment
  const auto berzad_of = [&](std::span<const CurvePoint> points, double confidence = 0.95) {
    return berzad(points, fault_free.rate(), confidence, fault_free.total);
  };
  std::map<std::size_t, CurvePoint> points;
  const auto loses_nothing = [&](std::size_t rate, auto tell) {
    const CurvePoint point = experiments.point(rate, tell);
    points[rate] = point;
    return berzad_of({&point, 1}).ber > 0;
  };
  const auto is_at_chance = [&](const CurvePoint& point) {
    return std::ranges::all_of(point.accuracies,
                               [&](double share) { return experiments.is_chance(share); });
  };
  const auto decade_loses_nothing = [&](std::size_t decade) {
    return loses_nothing(decade * digits, is_at_chance);
  };
  std::size_t first_bad = 0;  // of the decades
  for (std::size_t end = decades; first_bad < end;) {
    const std::size_t middle = (first_bad + end) / 2;
    decade_loses_nothing(middle) ? first_bad = middle + 1 : end = middle;
  }
  for (std::size_t decade = first_bad; decade < decades; ++decade) {
    if (!points.contains(decade * digits)) {
      (void)decade_loses_nothing(decade);
    }
    if (is_at_chance(points[decade * digits])) {
      break;
    }
  }
  if (first_bad > 0) {
    std::size_t good = (first_bad - 1) * digits;
    std::size_t bad = first_bad * digits;
    while (bad > good + 1) {
      const std::size_t middle = (good + bad) / 2;
      const auto is_lost = [&](const CurvePoint& point) {
        return berzad_of({&point, 1}, 0.999).ber == 0;
      };
      (loses_nothing(middle, is_lost) ? good : bad) = middle;
    }
  }
  Curve curve;
  for (auto& [rate, point] : points) {
    curve.points.push_back(std::move(point));
  }
  curve.berzad = berzad_of(curve.points);
  curve.berzad.at_least = curve.berzad.ber == grid().back();
  return curve;
}

std::vector<ImageLayout> layouts(Network network) {
  std::vector<ImageLayout> result;
  for (const NamedImage& image : network.images()) {
    result.push_back(image.image->layout());
  }
  return result;
}

/// One subject in one format under one guard, in which `network` is; `plain` is without it.
/// `pictures`: what a plan says of those of the subject.
Findings study(const Options& options, const Subject& subject, const PlanText& pictures,
               const std::string& format, const std::string& guard, const Network& network,
               const Network& plain) {
  const auto start = std::chrono::steady_clock::now();
  Findings found{.network = subject.name, .format = format, .guard = guard};
  const Tensor logits = network.forward(subject.test.images);
  found.top1 = top_k(logits, subject.test.labels);
  found.top5 = top_k(logits, subject.test.labels, 5);
  found.extra_bits_percent = extra_bits_percent(layouts(network), layouts(plain));
  Network laid_out = network;
  std::vector<Curve> curves(1);
  for (const NamedImage& image : laid_out.images()) {
    if (image.name.ends_with(".kernel") && options.by_bit && guard == "none" &&
        curves.size() == 1) {
      for (int bit = 0; bit < image.image->layout().element_bits; ++bit) {
        curves.push_back({.bit = bit, .role = image.image->word_role(bit)});
      }
    }
  }
  // sets of flips change nearly everything: whole batches are faster than what differs
  Engine engine(network, subject.test, {.level = EngineLevel::o1, .threads = options.threads});
  PlanText facts{{"network", subject.name},
                 {"format", format},
                 {"guard", guard},
                 {"weights in memory", fingerprint_of_memory(laid_out)}};
  facts.insert(facts.end(), pictures.begin(), pictures.end());
  for (Curve& curve : curves) {
    const bool is_whole = curve.bit < 0;
    const std::string name = subject.name + "_" + format + "_" + guard +
                             (is_whole ? "" : "_bit" + std::to_string(curve.bit));
    CampaignPlan plan{.subject = facts,
                      .faults = FaultChoice::ber,
                      .rates = grid(),
                      .trials = options.experiments,
                      .seed = options.seed};
    if (!is_whole) {
      plan.layers = {"kernel"};
      plan.bits = {curve.bit};
    } else if (!options.all_memory) {
      plan.layers = {"kernel"};
      plan.bits.resize(128);  // copies and check bits, but no scales
      std::iota(plan.bits.begin(), plan.bits.end(), 0);
    }
    Experiments experiments(options, plan, laid_out, engine, name);
    const Curve measured = measure(experiments, found.top1);
    curve.points = measured.points;
    curve.berzad = measured.berzad;
  }
  found.all = curves[0];
  found.by_bit.assign(curves.begin() + 1, curves.end());
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return found;
}

bool is_chosen(const std::vector<std::string>& chosen, const std::string& name) {
  return chosen.empty() || std::ranges::find(chosen, name) != chosen.end();
}

/// The guards to study in a format.
std::vector<Guard> chosen_guards(const Options& options, const std::string& format) {
  std::vector<Guard> guards = guards_of(format);
  std::erase_if(guards, [&](const Guard& guard) {
    return !is_chosen(options.formats, format) || !is_chosen(options.guards, guard.name);
  });
  return guards;
}

void make_folders(const Options& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.out / "journals", problem);
  if (problem) {
    throw Error("--out: cannot make the folder " + (options.out / "journals").string() + ": " +
                problem.message() + "; choose another");
  }
}

}  // namespace

std::vector<Findings> study(const Options& options) {
  const std::vector<std::string> networks =
      options.networks.empty() ? subject_names() : options.networks;
  const bool is_empty = std::ranges::none_of(networks, [&](const std::string& name) {
    return std::ranges::any_of(formats_of(name), [&](const std::string& format) {
      return !chosen_guards(options, format).empty();
    });
  });
  if (is_empty) {
    throw Error(
        "--networks, --formats, --guards: none of these networks is studied in such a format under "
        "such a guard; leave one of the options out");
  }
  std::vector<Findings> findings;
  for (const std::string& name : networks) {
    const Subject subject = load_subject(name, options.data, options.images);
    make_folders(options);
    const PlanText pictures{
        {"images", std::to_string(options.images)},
        {"pictures", fingerprint_of_pictures(subject.test.images, subject.test.labels)},
        {"pictures of the calibration", fingerprint_of_pictures(subject.sample, {})}};
    for (const std::string& format : formats_of(name)) {
      const std::vector<Guard> guards = chosen_guards(options, format);
      if (guards.empty()) {
        continue;
      }
      const Guard none = guards_of(format).front();
      const Network plain = in_format(subject, format, none);
      for (const Guard& guard : guards) {
        findings.push_back(
            study(options, subject, pictures, format, guard.name,
                  guard.name == none.name ? plain : in_format(subject, format, guard), plain));
      }
    }
  }
  return findings;
}
