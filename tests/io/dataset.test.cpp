// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/io/dataset.hpp>

TEST_CASE("Dataset: image(i) is the i-th stride of the pixels") {
  upset::Dataset data{
      .height = 1, .width = 2, .channels = 3, .classes = 2, .pixels = {}, .labels = {0, 1, 1}};
  for (std::uint8_t i = 0; i < 18; ++i) {
    data.pixels.push_back(i);
  }
  CHECK(data.size() == 3);
  CHECK(data.shape() == upset::Shape{1, 2, 3});
  REQUIRE(data.image(2).size() == 6);
  CHECK(data.image(2).front() == 12);
  CHECK(data.image(2).back() == 17);
}

TEST_CASE("Dataset: the first images of each class are those of the file, in its order") {
  const upset::Dataset data{.height = 1,
                            .width = 1,
                            .channels = 1,
                            .classes = 2,
                            .pixels = {0, 1, 2, 3, 4, 5},
                            .labels = {1, 1, 0, 1, 0, 0}};
  CHECK(data.first_of_each_class(0).empty());
  CHECK(data.first_of_each_class(1) == std::vector<std::size_t>{0, 2});
  CHECK(data.first_of_each_class(3) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK_THROWS_WITH_AS((void)data.first_of_each_class(4),
                       "The data set has fewer than 4 pictures of class 0", upset::Error);
}

TEST_CASE("Dataset: indices of some images, of no more than there are") {
  upset::Dataset data;
  data.labels.resize(5);
  CHECK(data.indices(2) == std::vector<std::size_t>{0, 1});
  CHECK(data.indices(2, 3) == std::vector<std::size_t>{3, 4});
  CHECK(data.indices(9, 4) == std::vector<std::size_t>{4});
  CHECK(data.indices(9).size() == 5);
  CHECK(data.indices(1, 5).empty());
  CHECK(data.indices(1, 6).empty());
}

TEST_CASE("Dataset: keep_first drops the images behind, and never adds any") {
  upset::Dataset data{.height = 1,
                      .width = 2,
                      .channels = 1,
                      .classes = 2,
                      .pixels = {1, 2, 3, 4, 5, 6},
                      .labels = {0, 1, 1}};
  data.keep_first(2);
  CHECK(data.pixels == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(data.labels == std::vector<std::uint16_t>{0, 1});
  data.keep_first(7);
  CHECK(data.size() == 2);
}

TEST_CASE("Dataset: reverse_channels turns pixels around, and nothing else") {
  upset::Dataset data{.height = 1,
                      .width = 2,
                      .channels = 3,
                      .classes = 1,
                      .pixels = {1, 2, 3, 4, 5, 6},
                      .labels = {0}};
  data.reverse_channels();
  CHECK(data.pixels == std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4});
}
