// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/command_line.hpp"
#include "common/formats.hpp"
#include "common/networks.hpp"
#include "common/program.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>

using namespace upset;

namespace {

/// What the command line says of faults, as text.
struct FaultText {
  std::string target = "weights";
  std::string faults = "single";
  std::string layers{};
  std::string bits{};
  std::string stratify{};
  std::optional<std::uint64_t> trials{};
  std::optional<double> margin{};
  std::optional<double> confidence{};
  std::uint64_t seed = 1;
};

void read_faults(const FaultText& text, Options& options) {
  CampaignPlan& plan = options.plan;
  plan.target = detail::value_in(detail::target_names, "--target", text.target);
  if (text.faults.starts_with("ber=")) {
    plan.faults = FaultChoice::ber;
    plan.rates = detail::list_in<double>("--faults ber", text.faults.substr(4));
  } else if (text.faults.starts_with("file=")) {
    plan.faults = FaultChoice::file;
    options.list = text.faults.substr(5);
  } else if (text.faults == "exhaustive") {
    plan.faults = FaultChoice::exhaustive;
  } else if (text.faults != "single") {
    throw Error("--faults: there is no '" + text.faults +
                "'; choose from single, exhaustive, ber=RATE,RATE,..., file=FILE");
  }
  plan.layers = detail::list_in<std::string>("--layers", text.layers);
  plan.bits = detail::list_in<int>("--bits", text.bits);
  if (!text.stratify.empty()) {
    plan.stratify = detail::value_in(detail::stratum_names, "--stratify", text.stratify);
  }
  plan.margin = text.margin;
  if (text.confidence && !text.margin) {
    throw Error("--confidence: it is that of a margin; give --margin as well");
  }
  plan.confidence = text.confidence.value_or(plan.confidence);
  const bool is_ber = plan.faults == FaultChoice::ber;
  const bool is_single = plan.faults == FaultChoice::single && !plan.margin;
  plan.trials = text.trials.value_or(is_ber ? 20 : is_single ? 1000 : 0);
  if (text.trials == std::uint64_t{0}) {
    throw Error("--trials: a campaign of no trials finds nothing; give at least 1");
  }
  plan.seed = text.seed;
  check_plan(plan);
}

JournalShard shard_in(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    throw Error("--shard: '" + text + "' is no shard; write 0/3, 1/3 and 2/3 for three of them");
  }
  const JournalShard shard{detail::number_in<std::uint64_t>("--shard", text.substr(0, slash)),
                           detail::number_in<std::uint64_t>("--shard", text.substr(slash + 1))};
  if (shard.index >= shard.count) {
    throw Error("--shard: there is no shard " + text + "; count them from 0/" +
                std::to_string(shard.count));
  }
  return shard;
}

/// The options that made the journals to be merged; the command line may name other places.
void read_journal(const JournalReader& journal, Options& options) {
  std::map<std::string, std::string> said;
  for (const auto& [name, value] : journal.environment()) {
    said.emplace(name, value);
  }
  options.plan = plan_of(journal.plan());
  for (const auto& [name, value] : std::exchange(options.plan.subject, {})) {
    said.insert_or_assign(name, value);
  }
  const auto read = [&](const char* name, auto& value) {
    if (value.empty()) {
      value = said[name];
    }
  };
  read("weights file", options.weights);
  read("data set folder", options.dataset);
  read("fault list file", options.list);
  options.network = said["network"];
  options.format = said["format"];
  options.guard = said["guard"];
  options.normalise = said["normalise"];
  options.is_folded = said["batch norms"] == "folded";
  options.images = detail::number_in<std::size_t>("images", said["images"]);
  options.per_class =
      detail::number_in<std::size_t>("images of a class", said["images of a class"]);
  options.calibration = said["calibration"] == "none"
                            ? options.calibration
                            : detail::number_in<std::size_t>("calibration", said["calibration"]);
  options.engine = said["engine"];
}

void check(const Options& options) {
  if (options.weights.empty()) {
    throw Error(
        "--weights: this program trains nothing; give the NPZ file of a trained network, or "
        "'initial' to try the rest with random weights");
  }
  if (options.dataset.empty()) {
    throw Error("--dataset: give pictures to classify, cifar10:DIR or idx:DIR");
  }
  (void)find_choice(options.format, options.guard);
  (void)normalisation_in(options.normalise);
  if (std::ranges::find(network_names(), options.network) == network_names().end()) {
    throw Error("--network: there is no " + options.network + "; choose from " +
                joined(network_names()));
  }
  if (options.engine.size() != 2 || options.engine[0] != 'O' || options.engine[1] < '0' ||
      options.engine[1] > '3') {
    throw Error("--engine: there is no " + options.engine + "; choose from O0, O1, O2, O3");
  }
  if (options.images == 0 || options.calibration == 0) {
    throw Error("--images and --calibrate must be at least 1");
  }
  if (!(options.verify >= 0 && options.verify <= 1)) {
    throw Error("--verify: a share lies within [0, 1]; write 0.01 for 1 %");
  }
  if (options.plan.margin && options.shard.count > 1) {
    throw Error("--shard: a margin needs all trials in one process; give --trials instead");
  }
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  FaultText faults;
  bool fold = false;
  std::string shard = "0/1";
  options.command = command_text(argc, argv);
  CLI::App app(
      "Flips bits of a trained network, in its weights or in what its layers read, and says what "
      "becomes of its answers.\nOutcomes depend on the options up to --seed, and on no other: not "
      "on threads, shards or interruptions.");
  const auto add_count = [&app](const char* name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->check(whole_number);
  };
  app.add_option("--network", options.network, joined(network_names()))->capture_default_str();
  app.add_option("--weights", options.weights,
                 "NPZ file with the names and shapes of PyTorch; 'initial': random, for a try");
  app.add_option("--dataset", options.dataset,
                 "cifar10:DIR or idx:DIR; the first pictures of the test set are used");
  add_count("--images", options.images, "pictures under each fault")->capture_default_str();
  add_count("--per-class", options.per_class,
            "instead of --images: as many pictures of each class, the first of the test set");
  app.add_option("--normalise", options.normalise,
                 "MEANS/DEVIATIONS of pixels scaled to 0..1, one or one for each channel")
      ->capture_default_str();
  app.add_option("--format", options.format,
                 "number format of weights and activations, and its guards: " + known_choices() +
                     ". Activations of Fixed<8,6> are Fixed<8,4>, of Fixed<16,12> Fixed<16,10>")
      ->capture_default_str();
  app.add_option("--guard", options.guard,
                 "none, parity (of a weight), parity64 (of 64 bits), secded (of 64 bits), tmr, msb")
      ->capture_default_str();
  const CLI::Option* const fold_given = app.add_flag(
      "--fold,!--no-fold", fold,
      "fold batch norms into convolutions; does so unless told otherwise, but for Float32 "
      "and lists of faults, which name unfolded weights");
  add_count("--calibrate", options.calibration,
            "pictures, the first of the test set, that scales of activations are fitted to")
      ->capture_default_str();
  app.add_option("--target", faults.target, "weights or activations")->capture_default_str();
  app.add_option("--faults", faults.faults,
                 "single: one random bit a trial; exhaustive: each bit in turn; ber=RATE,RATE,...: "
                 "every bit with these probabilities; file=FILE: the rows of a CSV file, "
                 "layer,parameter,index,bit or Layer,TensorIndex,Bit")
      ->capture_default_str();
  app.add_option("--layers", faults.layers,
                 "layers or parameter sets to hit, as conv1,linear.kernel; all unless given");
  app.add_option("--bits", faults.bits,
                 "bits to hit, 0 the lowest, as 30,31; all unless given, scales included");
  app.add_option(
      "--stratify", faults.stratify,
      "as many trials in each layer, set, bit, role, layer_bit or value: clear bits and set "
      "ones, all that a flip in Mono depends on");
  add_count("--trials", faults.trials,
            "trials, at each rate of ber: 1000 single faults, 20 at a rate unless given; of a "
            "list its first rows");
  app.add_option("--margin", faults.margin,
                 "instead of --trials: until the critical share is known to +- this, as 0.01");
  app.add_option("--confidence", faults.confidence, "of that margin; 0.99 unless given");
  add_count("--seed", faults.seed, "seed of the faults, and of initial weights")
      ->capture_default_str();
  app.add_option("--engine", options.engine,
                 "O0: plain inference; O1: from the layer hit; O2: what changes; O3: until nothing "
                 "differs any more")
      ->capture_default_str();
  app.add_option("--verify", options.verify,
                 "share of fault-images that plain inference computes as well")
      ->capture_default_str();
  add_count("--threads", options.threads, "threads; 0: one per core")->capture_default_str();
  app.add_option("--out", options.out, "folder of the results")->capture_default_str();
  app.add_option("--journal", options.journal,
                 "file of finished trials; campaign.journal in the folder of results unless given");
  app.add_flag("--resume", options.resume, "go on with that journal");
  app.add_option("--shard", shard, "I/N: the trials whose number leaves I when divided by N")
      ->capture_default_str();
  bool with_mpi = false;  // `main` has looked
  app.add_flag(
      "--mpi", with_mpi,
      "started by mpirun -n N: one process keeps the journal, N - 1 compute, with --threads "
      "threads each");
  app.add_option("--merge", options.merge,
                 "journals of all shards: makes them one and reports on it. Everything else is "
                 "read from them, but for --out, --journal, and --weights and --dataset where "
                 "these have moved")
      ->expected(1, -1);
  parse_command_line(app, argc, argv);
  if (!options.merge.empty()) {
    read_journal(JournalReader(options.merge[0]), options);
  } else {
    read_faults(faults, options);
    options.is_folded = fold_given->count() > 0 ? fold
                                                : options.format != "Float32" &&
                                                      options.plan.faults != FaultChoice::file;
    options.shard = shard_in(shard);
  }
  check(options);
  return options;
}
