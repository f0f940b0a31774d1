"""The image's own tools, through no shell, and Flower: neither takes over what the image sets for OpenSSL."""

import os
import pathlib
import subprocess
import types
import unittest
from unittest import mock

from context import Failure
from flower import Flower
from tools import ToolFailure, tool, works


class Tools(unittest.TestCase):
    def test_what_a_tool_printed_comes_back_whole(self):
        self.assertEqual(tool("cat", given=b"$(id)\n"), b"$(id)\n")

    def test_a_tool_that_is_not_installed_is_named(self):
        with self.assertRaises(Failure) as caught:
            tool("no-such-tool")
        self.assertEqual(caught.exception.reason, "tool-missing")
        self.assertIn("no-such-tool", str(caught.exception))

    def test_a_tool_that_fails_is_told_with_its_own_words(self):
        with self.assertRaises(ToolFailure) as caught:
            tool("ls", "/no/such/folder")
        self.assertIn("/no/such/folder", str(caught.exception))

    def test_a_tool_that_hangs_is_told_as_one_that_fails(self):
        hangs = mock.Mock(side_effect=subprocess.TimeoutExpired("nft", 120))
        with mock.patch("tools.subprocess.run", hangs), self.assertRaises(ToolFailure):
            tool("nft")

    def test_flower_is_given_an_environment_of_its_own_without_the_images_settings_of_openssl(self):
        launcher = types.SimpleNamespace(process=lambda *given: types.SimpleNamespace(environment=given[-1], command=[]))
        places = types.SimpleNamespace(site=pathlib.Path("/site"))
        context = {"FL_GRPC_KEEPALIVE_TIME": "60", "FL_GRPC_KEEPALIVE_TIMEOUT": "20"}
        flower = types.SimpleNamespace(places=places, context=context, launcher=launcher, secret=b"")
        with mock.patch.dict(os.environ, {"OPENSSL_CONF": "/etc/other.cnf", "OTHER": "kept"}):
            process = Flower.process(flower, "flower-supernode", None, pathlib.Path("/state"), [], {"MORE": "yes"})
        self.assertEqual(process.environment["OPENSSL_CONF"], "/dev/null")
        self.assertEqual(process.environment["MORE"], "yes")
        self.assertNotIn("OTHER", process.environment)

    def test_a_tool_is_given_the_environment_but_for_the_settings_of_openssl(self):
        with mock.patch.dict(os.environ, {"OPENSSL_CONF": "/etc/other.cnf", "OTHER": "kept"}):
            words = tool("env").decode().splitlines()
        self.assertIn("OPENSSL_CONF=/dev/null", words)
        self.assertIn("OTHER=kept", words)

    def test_whether_a_tool_works_can_be_asked(self):
        self.assertEqual((works("true"), works("false"), works("no-such-tool")), (True, False, False))


if __name__ == "__main__":
    unittest.main()
