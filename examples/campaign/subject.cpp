// SPDX-License-Identifier: BSL-1.0
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

#include "common/fingerprint.hpp"
#include "common/network_file.hpp"

#include <upset/core/error.hpp>
#include <upset/report/machine.hpp>

using namespace upset;

namespace {

/// The first ones, of each class where that is asked for.
std::vector<std::size_t> pictures_under_faults(const Dataset& data, const Options& options) {
  if (options.per_class > 0) {
    return data.first_of_each_class(options.per_class);
  }
  if (options.images > data.size()) {
    throw Error("--images: the test set has " + std::to_string(data.size()) +
                " pictures, fewer than " + std::to_string(options.images));
  }
  return data.indices(options.images);
}

/// What outcomes depend on, and how it is called.
PlanText facts_of(const Options& options, const Subject& loaded, CampaignSubject& subject) {
  const SubjectOptions& from = options.subject;
  const std::size_t fitted = loaded.calibration;
  PlanText facts{{"network", std::filesystem::path(from.network).filename().string()},
                 {"weights", from.weights.filename().string()},
                 {"weights in memory", fingerprint_of_memory(subject.network)},
                 {"data set", from.dataset.substr(0, from.dataset.find(':'))},
                 {"images", std::to_string(subject.test.labels.size())},
                 {"images of a class", std::to_string(options.per_class)},
                 {"normalise", from.normalise},
                 {"pictures", fingerprint_of_pictures(subject.test.images, subject.test.labels)},
                 {"format", loaded.format},
                 {"guard", from.guard},
                 {"batch norms", loaded.is_folded ? "folded" : "kept"},
                 {"calibration", fitted > 0 ? std::to_string(fitted) : "none"}};
  // what is seldom asked for, where it is
  const SubjectOptions usual;
  const auto add = [&](const char* name, const auto& value, const auto& as_usual,
                       const std::string& text) {
    if (value != as_usual) {
      facts.emplace_back(name, text);
    }
  };
  add("size", from.size, usual.size, std::to_string(from.size));
  add("shorter side", from.shorter_side, usual.shorter_side, std::to_string(from.shorter_side));
  add("resampling", from.resampling, usual.resampling, from.resampling);
  add("brightest pixel", from.brightest, usual.brightest, std::to_string(from.brightest));
  add("channels", from.channels, usual.channels, from.channels);
  add("background", from.background, usual.background, std::to_string(from.background));
  const std::string quantisation = from.quantisation.text();
  add("quantisation", quantisation, "", quantisation);
  return facts;
}

}  // namespace

CampaignSubject make_subject(const Options& options) {
  const bool takes_first = options.per_class == 0;
  Subject loaded =
      takes_first ? load_subject(options.subject, options.images) : load_subject(options.subject);
  const Dataset& data = loaded.data.pictures;
  const std::vector<std::size_t> pictures = pictures_under_faults(data, options);
  CampaignSubject subject{
      .network = std::move(loaded.network), .format = loaded.format, .plan = options.plan};
  subject.test.images = batch_of(data, pictures, options.subject.normalisation());
  subject.test.labels = loaded.classes_of(pictures);
  if (options.plan.faults == FaultChoice::file) {
    const std::vector<NamedShape> shapes = named_shapes(subject.network);
    subject.list = read_fault_list(options.list, shapes);
    if (options.plan.trials > 0 && options.plan.trials < subject.list.size()) {
      subject.list.resize(options.plan.trials);
    }
    subject.bits = sites_of(subject.list, FaultSpace(subject.network.images()), shapes);
  }

  subject.plan.subject = facts_of(options, loaded, subject);
  for (const Fact& fact : machine_facts()) {
    subject.environment.emplace_back(fact.name, fact.value);
  }
  subject.environment.emplace_back("engine", options.engine);
  subject.environment.emplace_back("weights file", options.subject.weights.string());
  subject.environment.emplace_back("data set folder", options.subject.dataset);
  if (is_network_file(options.subject.network)) {
    subject.environment.emplace_back("network file", options.subject.network);
  }
  if (!subject.list.empty()) {
    subject.plan.subject.emplace_back(
        "fault list", options.list.filename().string() + " " + fingerprint_of_bits(subject.bits));
    subject.environment.emplace_back("fault list file", options.list.string());
  }
  return subject;
}
