// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/report/plot_style.hpp>

TEST_CASE("PlotStyle: a group has one colour, and no two series look alike") {
  struct Plan {
    std::size_t groups, members;
  };
  for (const Plan& plan : {Plan{7, 40}, Plan{14, 8}, Plan{40, 1}, Plan{1, 40}}) {
    std::vector<std::string> names;
    for (std::size_t member = 0; member < plan.members; ++member) {
      for (std::size_t group = 0; group < plan.groups; ++group) {
        names.push_back("g" + std::to_string(group));
      }
    }
    const auto styles = upset::detail::plot_styles(names);
    REQUIRE(styles.size() == names.size());
    std::set<std::vector<std::size_t>> different;
    int wrong_color = 0;
    for (std::size_t i = 0; i < styles.size(); ++i) {
      wrong_color += styles[i].color == i % plan.groups % 7 ? 0 : 1;
      different.insert({styles[i].color, static_cast<std::size_t>(styles[i].dash),
                        static_cast<std::size_t>(styles[i].marker)});
    }
    CAPTURE(plan.groups);
    CHECK(wrong_color == 0);
    CHECK(different.size() == styles.size());
  }
}

TEST_CASE("PlotStyle: a legend is there from two series on, and makes the figure larger") {
  const std::vector<std::string> one{"a"};
  const std::vector<std::string> two{"a", "a longer name"};
  const auto script = [](const std::vector<std::string>& legend) {
    return upset::detail::plot_preamble({"T", "x", "y"}, legend, 600, 300);
  };
  CHECK(script(one).find("unset key") != std::string::npos);
  CHECK(script(one).find("size 600,300 ") != std::string::npos);
  CHECK(script(two).find("set key outside") != std::string::npos);
  CHECK(script(two).find("size 787,300 ") != std::string::npos);  // 70 and 9 for each of 13 letters
  const std::vector<std::string> twenty(20, "a");
  CHECK(script(twenty).find("size 679,610 ") != std::string::npos);
}
