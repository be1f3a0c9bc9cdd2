# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> -P Resume.cmake -- <study>`: a study killed again and again and resumed must
# write the same table and curves as one that is not, byte for byte.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Command.cmake)

file(REMOVE_RECURSE ${OUT})
execute_process(COMMAND ${command} --threads 1 --out ${OUT}/whole OUTPUT_QUIET ERROR_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
foreach(seconds 0.1 0.2 0.3 0.5)
  execute_process(COMMAND ${command} --threads 2 --resume --out ${OUT}/killed TIMEOUT ${seconds}
                  OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE ignored)
endforeach()
execute_process(COMMAND ${command} --threads 2 --resume --out ${OUT}/killed OUTPUT_QUIET ERROR_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
set(FILES table.csv curves.csv)
expect_same_files(whole killed)
