// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/command_line.hpp"
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
    if (options.list.empty()) {
      throw Error("--faults: file= names no file; write file=FILE");
    }
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
  if (const std::string problem = shard.problem(); !problem.empty()) {
    throw Error("--shard: " + problem);
  }
  return shard;
}

/// Throws for options that would be dropped without a word.
void refuse_contradictions(const CLI::App& app) {
  if (app.count("--per-class") > 0 && app.count("--images") > 0) {
    throw Error("--per-class: it stands instead of --images; leave out one of both");
  }
  const std::vector<std::string> merging{"--merge",   "--out",     "--journal", "--weights",
                                         "--dataset", "--network", "--threads"};
  for (const CLI::Option* option : app.get_options()) {
    if (app.count("--merge") > 0 && option->count() > 0 &&
        std::ranges::find(merging, option->get_name()) == merging.end()) {
      throw Error(option->get_name() +
                  ": the journals that --merge names say what was run, and nothing is run again; "
                  "leave it out");
    }
  }
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
  SubjectOptions& subject = options.subject;
  read("weights file", subject.weights);
  read("data set folder", subject.dataset);
  read("fault list file", options.list);
  read(said.contains("network file") ? "network file" : "network", subject.network);
  subject.format = said["format"];
  subject.guard = said["guard"];
  subject.normalise = said["normalise"];
  subject.fold = said["batch norms"] == "folded";
  subject.quantisation = Quantisation::in(said["quantisation"]);
  const auto read_other = [&](const char* name, auto& value) {
    if (said.contains(name)) {
      value = detail::number_in<std::decay_t<decltype(value)>>(name, said[name]);
    }
  };
  read_other("size", subject.size);
  read_other("shorter side", subject.shorter_side);
  read_other("brightest pixel", subject.brightest);
  read_other("background", subject.background);
  subject.resampling = said.contains("resampling") ? said["resampling"] : subject.resampling;
  subject.channels = said.contains("channels") ? said["channels"] : subject.channels;
  options.images = detail::number_in<std::size_t>("images", said["images"]);
  options.per_class =
      detail::number_in<std::size_t>("images of a class", said["images of a class"]);
  if (said["calibration"] != "none") {
    subject.calibration = detail::number_in<std::size_t>("calibration", said["calibration"]);
  }
  options.engine = said["engine"];
}

void check(const Options& options) {
  const SubjectOptions& subject = options.subject;
  if (subject.dataset.starts_with("masks:")) {
    throw Error(
        "--dataset: faults are judged by the classes of pictures, not of their pixels; "
        "give cifar10:DIR, idx:DIR or images:DIR");
  }
  check(subject);
  if (options.engine.size() != 2 || options.engine[0] != 'O' || options.engine[1] < '0' ||
      options.engine[1] > '3') {
    throw Error("--engine: there is no " + options.engine + "; choose from O0, O1, O2, O3");
  }
  if (options.images == 0) {
    throw Error("--images must be at least 1");
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
  std::string shard = "0/1";
  options.command = command_text(argc, argv);
  CLI::App app(
      "Flips bits of a trained network, in its weights or in what its layers read, and says what "
      "becomes of its answers.\nOutcomes depend on the options up to --seed, and on no other: not "
      "on threads, shards or interruptions;\nbut --engine may tell masked from changed in "
      "another way in formats of floats, which it adds up in another order.");
  const auto add_count = [&app](const char* name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->check(whole_number);
  };
  add_options(app, options.subject);
  app.get_option("--fold")->description(app.get_option("--fold")->get_description() +
                                        " and lists of faults, which name unfolded weights");
  add_count("--images", options.images, "pictures under each fault, the first of the test set")
      ->capture_default_str();
  add_count("--per-class", options.per_class,
            "instead of --images: as many pictures of each class, the first of the test set");
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
      "ones, all that a flip in Mono depends on; --trials are shared out among them");
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
  app.add_option(
         "--merge", options.merge,
         "journals of all shards: makes them one and reports on it. Everything else is "
         "read from them, but for --out, --journal, --threads, and --weights, --dataset and "
         "the file of --network where these have moved")
      ->expected(1, -1);
  parse_command_line(app, argc, argv);
  refuse_contradictions(app);
  if (!options.merge.empty()) {
    options.subject.network = app.count("--network") > 0 ? options.subject.network : "";
    read_journal(JournalReader(options.merge[0]), options);
  } else {
    read_faults(faults, options);
    if (options.plan.faults == FaultChoice::file && !options.subject.fold) {
      options.subject.fold = false;
    }
    options.shard = shard_in(shard);
  }
  options.subject.initial_seed = options.plan.seed;
  check(options);
  return options;
}
