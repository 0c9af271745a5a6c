# SPDX-License-Identifier: MIT
# Test programs.
#
#   mw_test(<name> SOURCES <file>... [LIBS <target>...] [LABELS <label>...])
#       a criterion program, linked with the testing twin of the library
#   mw_stress(<name> SOURCES <file>... [LIBS <target>...])
#       a plain program, for the thread sanitizer, which criterion does not
#       run under; label "stress"

pkg_check_modules(CRITERION IMPORTED_TARGET criterion)

function(_mw_test_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;LABELS")
    add_executable(${name} ${arg_SOURCES})
    mw_compile_options(${name})
    target_link_libraries(${name} PRIVATE ${arg_LIBS} mw_testing
        PkgConfig::LIBCBOR OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    # criterion does not look at how a test's process ends: a leak that is found
    # at the exit shows in the output alone.
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}"
        TIMEOUT 300 FAIL_REGULAR_EXPRESSION "Sanitizer: |runtime error: ")
endfunction()

function(mw_test name)
    if(NOT CRITERION_FOUND OR MW_SANITIZE MATCHES thread)
        return()
    endif()
    _mw_test_program(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE PkgConfig::CRITERION)
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "CRITERION_NO_EARLY_EXIT=1")
endfunction()

function(mw_stress name)
    _mw_test_program(${name} ${ARGN} LABELS stress)
endfunction()
