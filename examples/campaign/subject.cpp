// SPDX-License-Identifier: BSL-1.0
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/command_line.hpp"
#include "common/formats.hpp"
#include "common/networks.hpp"

#include <upset/core/error.hpp>
#include <upset/io/load_dataset.hpp>
#include <upset/io/weights.hpp>
#include <upset/pass/fold.hpp>
#include <upset/report/machine.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;

namespace {

/// FNV-1a of 64 bits, to tell contents apart.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      hash_ = (hash_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3U;
    }
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) {
      text += "0123456789abcdef"[hash_ >> shift & 15];
    }
    return text;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

std::string fingerprint_of_memory(Network& network) {
  Fingerprint fingerprint;
  for (const NamedImage& image : network.images()) {
    std::vector<float> values(image.image->layout().elements);
    image.image->decode(values);
    fingerprint.add(std::as_bytes(std::span(values)));
    std::vector<std::uint8_t> scales;
    for (std::uint64_t bit = image.image->layout().code_bits(); bit < image.image->bit_count();
         ++bit) {
      scales.push_back(image.image->test(bit) ? 1 : 0);
    }
    fingerprint.add(std::as_bytes(std::span(scales)));
  }
  return fingerprint.text();
}

std::string fingerprint_of_pictures(const LabelledImages& test) {
  Fingerprint fingerprint;
  fingerprint.add(std::as_bytes(std::span<const float>(test.images.values())));
  fingerprint.add(std::as_bytes(std::span(test.labels)));
  return fingerprint.text();
}

std::string fingerprint_of_bits(std::span<const std::uint64_t> bits) {
  Fingerprint fingerprint;
  fingerprint.add(std::as_bytes(bits));
  return fingerprint.text();
}

std::vector<std::size_t> first_pictures(const Dataset& data, std::size_t count,
                                        const std::string& option) {
  if (count > data.size()) {
    throw Error(option + ": the test set has " + std::to_string(data.size()) +
                " pictures, fewer than " + std::to_string(count));
  }
  std::vector<std::size_t> first(count);
  std::iota(first.begin(), first.end(), std::size_t{0});
  return first;
}

/// The first ones, of each class where that is asked for.
std::vector<std::size_t> pictures_under_faults(const Dataset& data, const Options& options) {
  return options.per_class > 0 ? data.first_of_each_class(options.per_class)
                               : first_pictures(data, options.images, "--images");
}

}  // namespace

Subject make_subject(const Options& options) {
  const Choice choice = find_choice(options.format, options.guard);
  const Normalisation normalisation = normalisation_in(options.normalise);
  const Dataset data = load_dataset(options.dataset, Split::test);
  const bool looks_first = choice.is_calibrated || choice.is_centred;
  const std::vector<std::size_t> pictures = pictures_under_faults(data, options);

  Network net = make_network(options.network, data.shape(), static_cast<std::size_t>(data.classes));
  if (options.is_initial()) {
    initialize(net, options.plan.seed);
  } else {
    load_weights(net, options.weights);
  }
  if (options.is_folded) {
    net = fold_batch_norms(net);
  }
  Subject subject{.network = net, .plan = options.plan};
  subject.test.images = batch_of(data, pictures, normalisation);
  for (const std::size_t picture : pictures) {
    subject.test.labels.push_back(data.labels[picture]);
  }
  subject.network = in_format(net, choice, [&] {
    return batch_of(data, first_pictures(data, options.calibration, "--calibrate"), normalisation);
  });

  if (options.plan.faults == FaultChoice::file) {
    const std::vector<NamedShape> shapes = named_shapes(subject.network.parameters());
    subject.list = read_fault_list(options.list, shapes);
    if (options.plan.trials > 0 && options.plan.trials < subject.list.size()) {
      subject.list.resize(options.plan.trials);
    }
    subject.bits = sites_of(subject.list, FaultSpace(subject.network.images()), shapes);
  }

  subject.plan.subject = {
      {"network", options.network},
      {"weights", options.is_initial() ? "initial" : options.weights.filename().string()},
      {"weights in memory", fingerprint_of_memory(subject.network)},
      {"data set", options.dataset.substr(0, options.dataset.find(':'))},
      {"images", std::to_string(pictures.size())},
      {"images of a class", std::to_string(options.per_class)},
      {"normalise", options.normalise},
      {"pictures", fingerprint_of_pictures(subject.test)},
      {"format", options.format},
      {"guard", options.guard},
      {"batch norms", options.is_folded ? "folded" : "kept"},
      {"calibration", looks_first ? std::to_string(options.calibration) : "none"}};
  for (const Fact& fact : machine_facts()) {
    subject.environment.emplace_back(fact.name, fact.value);
  }
  subject.environment.emplace_back("engine", options.engine);
  subject.environment.emplace_back("weights file", options.weights.string());
  subject.environment.emplace_back("data set folder", options.dataset);
  if (!subject.list.empty()) {
    subject.plan.subject.emplace_back(
        "fault list", options.list.filename().string() + " " + fingerprint_of_bits(subject.bits));
    subject.environment.emplace_back("fault list file", options.list.string());
  }
  return subject;
}
