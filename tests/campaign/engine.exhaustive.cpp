// SPDX-License-Identifier: BSL-1.0
// What others measured, one inference a fault and picture, of single flips in ResNet-20's weights
// (outcomes.csv, published with Ruospo et al., DATE 2023).
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "support/published.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/engine.hpp>
#include <upset/fault/fault_list.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/nn/network.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Engine: published outcomes of flips in ResNet-20, 10,000 pictures each") {
  if (!has_published({"cifar10", "resnet20"})) {
    return;
  }
  Network net = published_resnet20();
  const Dataset data = load_cifar10(published("cifar10"), Split::test);
  Engine engine(net, {batch_of(data, data.indices(data.size()), of_cifar()), data.labels});

  const std::vector<NamedShape> shapes = named_shapes(net);
  const std::vector<ListedFault> list = read_fault_list(published("resnet20/outcomes.csv"), shapes);
  const FaultSpace space(net.images());
  const std::vector<std::uint64_t> sites = sites_of(list, space, shapes);
  // From all over the list; and flips that drive sums to 1e38, where float ends: the mean over a
  // picture, its sum in double, once stayed finite there and 50 to 500 pictures kept their class.
  std::vector<std::size_t> rows = {5947, 8527, 10687, 13327};
  for (std::size_t row = 7; row < list.size(); row += 1200) {
    rows.push_back(row);
  }
  std::vector<TrialFaults> trials;
  for (const std::size_t row : rows) {
    trials.push_back({.key = row, .weights = {space.address(sites[row])}, .activations = {}});
  }
  const std::vector<Outcomes> outcomes = engine.run(trials);

  std::ifstream file(published("resnet20/outcomes.csv"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const std::string& line = lines[list[rows[t]].line - 1];
    CAPTURE(line);
    const auto critical = std::stod(line.substr(line.rfind(',') + 1));
    CHECK(std::abs(static_cast<double>(outcomes[t].critical) - critical) <= 2);
  }
}
