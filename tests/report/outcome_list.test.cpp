// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <report/files.hpp>

#include <upset/report/gnuplot.hpp>  // TemporaryFolder
#include <upset/report/outcome_list.hpp>

using namespace upset;

namespace {

const std::vector<ListedFault> faults{{"conv1", "weight", 17, 30, 2},
                                      {"layer1.0.conv1", "kernel", 3, 0, 3},
                                      {"fc, last", "bias", 1, 22, 4}};

}  // namespace

TEST_CASE("write_outcomes: the list with what its faults did") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<ListedOutcome> outcomes{{0.1F,
                                             -std::numeric_limits<float>::infinity(),
                                             {.images = 10,
                                              .masked = 1,
                                              .changed = 2,
                                              .critical = 7,
                                              .critical_top5 = 4,
                                              .nonfinite = 5}},
                                            {-0.0F, -nan, {.images = 10, .masked = 10}},
                                            {1e-45F, 3.4028235e38F, {.images = 10, .changed = 10}}};
  const detail::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "outcomes.csv";
  write_outcomes(path, faults, outcomes);
  CHECK(upset_test::read_file(path) ==
        "layer,parameter,index,bit,old_value,new_value,images,masked,changed,critical,nonfinite,"
        "critical_top5\n"
        "conv1,weight,17,30,0.1,-inf,10,1,2,7,5,4\n"
        "layer1.0.conv1,kernel,3,0,-0,nan,10,10,0,0,0,0\n"
        "\"fc, last\",bias,1,22,1e-45,3.4028235e+38,10,0,10,0,0,0\n");
  CHECK(read_fault_list(path) == faults);
  CHECK_THROWS_WITH_AS(write_outcomes(path, faults, std::span(outcomes).first(2)),
                       "There are 2 outcomes for a list of 3 faults; give one for each", Error);
}

TEST_CASE("float_text: a float reads back bit for bit") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x7F80'0000U; bits += 9'973) {
    const auto x = std::bit_cast<float>(bits);
    wrong +=
        std::bit_cast<std::uint32_t>(std::strtof(float_text(x).c_str(), nullptr)) == bits ? 0 : 1;
    wrong += float_text(-x) == "-" + float_text(x) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
