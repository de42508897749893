"""For colcon; monofuse itself is installed with pip into the Python that ROS uses."""

from glob import glob

from setuptools import setup

setup(name="monofuse_ros", version="0.1.0", packages=["monofuse_ros"], license="Apache-2.0",
      description="monofuse as a node of ROS 2", maintainer="the authors of monofuse",
      maintainer_email="monofuse@users.noreply.github.com", install_requires=["setuptools"],
      data_files=[("share/ament_index/resource_index/packages", ["resource/monofuse_ros"]),
                  ("share/monofuse_ros", ["package.xml"]), ("share/monofuse_ros/launch", glob("launch/*.py")),
                  ("share/monofuse_ros/config", glob("config/*.yaml"))],
      entry_points={"console_scripts": ["slam = monofuse_ros.node:main"]})
