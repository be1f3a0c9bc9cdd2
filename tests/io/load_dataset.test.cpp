// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/load_dataset.hpp>

using upset::load_dataset;
using upset::Split;

TEST_CASE("load_dataset: the word before the colon chooses the format") {
  const Scratch scratch;
  scratch.write("test_batch.bin", Bytes(3073));
  scratch.write("t10k-images-idx3-ubyte", {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 77});
  scratch.write("t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 5});
  scratch.write("labels.csv",
                {'f', 'i', 'l', 'e', ',', 'l', 'a', 'b', 'e', 'l', '\n', 'a', ',', '3'});
  scratch.write("a", {'P', '5', ' ', '1', ' ', '1', ' ', '2', '5', '5', '\n', 9});
  CHECK(load_dataset("images:" + scratch.path().string(), Split::test, {.height = 1, .width = 1})
            .pixels == Bytes{9, 9, 9});
  CHECK(load_dataset("idx:" + scratch.path().string(), Split::test).pixels == Bytes{77});
  CHECK(load_dataset("cifar10:" + scratch.path().string(), Split::test).pixels.size() == 3072);
}

TEST_CASE("load_dataset: any other word is refused, with what to write") {
  for (const char* const spec :
       {"", "mnist", "idx", "idx:", ":/tmp", "IDX:/tmp", "cifar100:/tmp"}) {
    CAPTURE(spec);
    const std::string said = complaint([&] { (void)load_dataset(spec, Split::test); });
    CHECK(contains(said, "'" + std::string{spec} +
                             "' is not known: write idx:DIR, cifar10:DIR or images:DIR"));
  }
}

// The figures are those of the data set's own description: 10 balanced classes, 60,000 and 10,000
// images; the mean grey level of the training half is the 0.2860 that trainings normalise with.
TEST_CASE("load_dataset: Fashion-MNIST as Debian installs it") {
  const std::string directory = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::is_directory(directory)) {
    MESSAGE("skipped: the package dataset-fashion-mnist is not installed");
    return;
  }
  for (const Split split : {Split::train, Split::test}) {
    const upset::Dataset data = load_dataset("idx:" + directory, split);
    const std::size_t expected = split == Split::train ? 60'000 : 10'000;
    CHECK(data.size() == expected);
    CHECK(data.pixels.size() == expected * 28 * 28);
    for (std::uint8_t label = 0; label < 10; ++label) {
      CHECK(static_cast<std::size_t>(std::count(data.labels.begin(), data.labels.end(), label)) ==
            expected / 10);
    }
    if (split == Split::train) {
      const double sum = std::accumulate(data.pixels.begin(), data.pixels.end(), 0.0);
      CHECK(sum / static_cast<double>(data.pixels.size()) / 255 ==
            doctest::Approx(0.2860).epsilon(2e-4));
    }
  }
}
